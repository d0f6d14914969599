/* Log lines for operators: lossy, key=value, never a payload, an identifier or a secret.
 * The audit log is something else: proto/log. */
#ifndef SLUIS_BASE_LOG_H
#define SLUIS_BASE_LOG_H

#include "proto/base/attr.h"

enum log_level {
    LOG_LEVEL_ERR = 3, /* numbers as in syslog, so that the journal sorts them */
    LOG_LEVEL_WARN = 4,
    LOG_LEVEL_NOTICE = 5,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7,
};

/* Sets the program name (kept, not copied) and the most verbose level that is written.
 * With JOURNAL_STREAM set lines start with "<level>" for the journal, else with a UTC time. */
void log_init(const char *program, enum log_level most);

/* Writes one line to stderr: "event key=value …". Whatever is not printable ASCII becomes
 * '?', so that no input can steer a terminal. */
void log_line(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define log_err(...) log_line(LOG_LEVEL_ERR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_notice(...) log_line(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
