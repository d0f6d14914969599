/* Entries as lines on standard output: a table for people, JSON for programs. */
#ifndef SLUIS_CLI_AUDIT_ROW_H
#define SLUIS_CLI_AUDIT_ROW_H

#include "proto/json/audit_body.h"
#include "proto/json/body_line.h"

void row_print_head(void);
void row_print(const struct body_line *line, const struct audit_body *b);

/* Of an entry whose body is gone: its place, and that it is. */
void row_print_gone(const struct body_line *line, bool as_json);

/* The exact body, with its place in front. */
void row_print_json(const struct body_line *line);

#endif
