#include "proto/base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "proto/base/when.h"

static const char *program_name = "sluis";
static enum log_level most_verbose = LOG_LEVEL_INFO;
static bool to_journal;

void log_init(const char *program, enum log_level most)
{
    program_name = program;
    most_verbose = most;
    to_journal = getenv("JOURNAL_STREAM") != NULL;
}

void log_line(enum log_level level, const char *fmt, ...)
{
    static const char *const names[] = {"", "", "", "error", "warning", "notice", "info", "debug"};
    if (level > most_verbose)
        return;
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    for (char *p = text; *p != '\0'; p++) {
        if (*p < 0x20 || *p > 0x7e)
            *p = '?';
    }
    char line[1200];
    char when[WHEN_TEXT_SIZE];
    when_text((int64_t)time(NULL), when);
    int n = to_journal ? snprintf(line, sizeof line, "<%d>%s\n", (int)level, text)
                       : snprintf(line, sizeof line, "%s %s %s: %s\n", when, program_name,
                                  names[level], text);
    if (n <= 0)
        return;
    size_t len = (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
    /* One write for each line, so that lines of several processes do not mix; a lost line is lost. */
    ssize_t written = write(STDERR_FILENO, line, len);
    (void)written;
}
