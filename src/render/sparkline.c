/* See sparkline.h. */
#include "render/sparkline.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "render/prose.h"

enum {
    LEVELS = 8,
    CELLS_LEAST = 8 /* of bars, or the title makes room for them */
};

static const char *const bars[LEVELS] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
static const char plain_bars[LEVELS + 1] = "_.:-=+*#";

void sparkline_init(struct sparkline *s)
{
    *s = (struct sparkline){0};
}

void sparkline_put(struct sparkline *s, int64_t ns)
{
    s->ns[s->count % SPARKLINE_MAX] = ns;
    s->count++;
}

static void put_bar(struct text *t, int64_t ns, int64_t least, int64_t most, bool plain)
{
    if (ns < 0) {
        text_printf(t, "%s", plain ? "x" : "×");
        return;
    }
    double share = most > least ? (double)(ns - least) / (double)(most - least) : 0;
    int level = (int)(share * (LEVELS - 1) + 0.5);
    if (plain)
        text_put(t, &plain_bars[level], 1);
    else
        text_printf(t, "%s", bars[level]);
}

void sparkline_draw(const struct sparkline *s, size_t cells, bool plain, struct text *t)
{
    size_t n = s->count < SPARKLINE_MAX ? s->count : SPARKLINE_MAX;
    int64_t least = INT64_MAX, most = 0;
    n = n < cells ? n : cells;
    for (size_t i = s->count - n; i < s->count; i++) {
        int64_t ns = s->ns[i % SPARKLINE_MAX];
        least = ns >= 0 && ns < least ? ns : least;
        most = ns > most ? ns : most;
    }
    for (size_t i = s->count - n; i < s->count; i++)
        put_bar(t, s->ns[i % SPARKLINE_MAX], least, most, plain);
}

static void put_ms(struct text *t, const char *what, int64_t ns)
{
    if (ns < 0)
        text_printf(t, "%s - ", what);
    else
        text_printf(t, "%s %.3f ", what, (double)ns / (double)CLOCK_MS);
}

/* " last 0.071 p50 0.060 p99 0.071 ms 12/13". */
static void put_facts(struct text *t, const struct sparkline_facts *f)
{
    put_ms(t, " last", f->last_ns);
    put_ms(t, "p50", f->p50_ns);
    put_ms(t, "p99", f->p99_ns);
    text_printf(t, "ms %" PRIu64 "/%" PRIu64, f->answered, f->transmitted);
}

void sparkline_line(const struct sparkline *s, const struct sparkline_facts *f, size_t columns,
                    bool plain, struct text *t)
{
    struct text facts, head;
    text_init(&facts);
    text_init(&head);
    put_facts(&facts, f);
    prose_safe(&head, f->title, strlen(f->title));
    text_printf(&head, " ");
    if (!facts.failed && !head.failed) {
        size_t taken = text_cells(facts.data, facts.len);
        size_t title = text_cells(head.data, head.len);
        if (title + CELLS_LEAST + taken > columns)
            title = 0;
        if (title != 0)
            text_put(t, head.data, head.len);
        if (columns > title + taken)
            sparkline_draw(s, columns - title - taken, plain, t);
        /* ASCII, so that octets are cells. */
        text_put(t, facts.data, facts.len < columns ? facts.len : columns);
    }
    t->failed = t->failed || facts.failed || head.failed;
    text_done(&facts);
    text_done(&head);
}
