#include "proto/host/progress.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "proto/base/buf.h"
#include "proto/host/clock.h"

#define DRAW_EVERY_MS 200
#define LINE_EVERY_MS 10000
#define BAR_CELLS 24u
#define WIDTH_MAX 200u

struct progress {
    FILE *out;
    bool terminal;
    unsigned width;
    int64_t start_ms;
    int64_t drawn_ms;
    struct progress_state state;
};

struct progress *progress_new(FILE *out, const char *label, const char *unit, uint64_t total)
{
    struct progress *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    struct winsize size = {0};
    p->out = out;
    p->terminal = isatty(fileno(out)) == 1;
    p->width = 80;
    if (p->terminal && ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        p->width = size.ws_col < WIDTH_MAX ? size.ws_col : WIDTH_MAX;
    p->start_ms = clock_mono_ms();
    p->drawn_ms = p->start_ms;
    p->state = (struct progress_state){.label = label, .unit = unit, .total = total};
    return p;
}

void progress_free(struct progress *p)
{
    free(p);
}

static void put_time(struct buf *out, int64_t seconds)
{
    if (seconds >= 3600)
        buf_printf(out, "%lldh%02lldm", (long long)(seconds / 3600),
                   (long long)(seconds / 60 % 60));
    else if (seconds >= 60)
        buf_printf(out, "%lldm%02llds", (long long)(seconds / 60), (long long)(seconds % 60));
    else
        buf_printf(out, "%llds", (long long)seconds);
}

static void put_bar(const struct progress_state *s, struct buf *out)
{
    double part = s->done >= s->total ? 1.0 : (double)s->done / (double)s->total;
    unsigned full = (unsigned)(part * BAR_CELLS);
    buf_put_str(out, " [");
    for (unsigned i = 0; i < BAR_CELLS; i++)
        buf_put_str(out, i < full ? "#" : ".");
    buf_printf(out, "] %3u%%", (unsigned)(part * 100));
}

void progress_text(const struct progress_state *s, unsigned width, struct buf *out)
{
    size_t before = out->len;
    double rate = s->elapsed_ms > 0 ? (double)s->done * 1000 / (double)s->elapsed_ms : 0;
    buf_put_str(out, s->label);
    if (s->total > 0 && width >= 60)
        put_bar(s, out);
    buf_printf(out, " %llu", (unsigned long long)s->done);
    if (s->total > 0)
        buf_printf(out, "/%llu", (unsigned long long)s->total);
    buf_printf(out, " %s", s->unit);
    if (rate > 0)
        buf_printf(out, ", %.0f/s", rate);
    if (rate > 0 && s->done < s->total) {
        buf_put_str(out, ", left ");
        put_time(out, (int64_t)((double)(s->total - s->done) / rate));
    }
    if (out->len - before > width)
        out->len = before + width;
}

static void draw(struct progress *p, int64_t now)
{
    char text[WIDTH_MAX + 1];
    struct buf b = buf_fixed(text, sizeof text);
    p->drawn_ms = now;
    p->state.elapsed_ms = now - p->start_ms;
    progress_text(&p->state, p->width - 1, &b);
    if (p->terminal)
        fprintf(p->out, "\r%s\033[K", buf_text(&b));
    else
        fprintf(p->out, "%s\n", buf_text(&b));
    fflush(p->out);
}

void progress_set(struct progress *p, uint64_t done)
{
    if (p == NULL)
        return;
    p->state.done = done;
    int64_t now = clock_mono_ms();
    if (now - p->drawn_ms >= (p->terminal ? DRAW_EVERY_MS : LINE_EVERY_MS))
        draw(p, now);
}

void progress_set_total(struct progress *p, uint64_t total)
{
    if (p != NULL)
        p->state.total = total;
}

void progress_finish(struct progress *p)
{
    if (p == NULL)
        return;
    draw(p, clock_mono_ms());
    if (p->terminal)
        fputc('\n', p->out);
}
