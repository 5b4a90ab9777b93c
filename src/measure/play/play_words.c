/* See play_words.h. */
#include "measure/play/play_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

const char *play_words_call(const struct play *p)
{
    const struct figure_segment *f = &p->row.row->segment;
    if ((f->flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN)
        return "connect";
    if (figure_call(view_cell(p->row.row, end_other(p->us))) == CALL_ABORT)
        return "abort";
    if (f->flags & FLAG_FIN)
        return "close";
    return f->has_data || f->has_len ? "talk" : "";
}

void play_words_awaited(const struct play *p, char *out, size_t cap)
{
    const char *call = play_words_call(p);
    char host[ADDRESS_TEXT_MAX];
    address_format(&ends_at(&p->ends, end_other(p->us))->ip, host);
    if (strcmp(call, "connect") == 0)
        (void)snprintf(out, cap, "waiting for %s to connect to port %u", host,
                       ends_at(&p->ends, p->us)->port);
    else
        (void)snprintf(out, cap, "waiting for %s%s%s", host, call[0] != '\0' ? " to " : "", call);
}

static bool is_waiting(const struct play *p)
{
    return p->phase == PLAY_AWAIT || p->phase == PLAY_SILENCE || p->phase == PLAY_PAUSE ||
           p->phase == PLAY_SETTLE;
}

void play_words_progress(const struct play *p, int64_t now_ns, char *out, size_t cap)
{
    char what[PLAY_TEXT_MAX] = "waiting", rest[32];
    out[0] = '\0';
    if (!is_waiting(p))
        return;
    int64_t deadline = ends_deadline(&p->ends);
    int64_t until = p->until_ns < deadline ? p->until_ns : deadline;
    if (p->phase == PLAY_AWAIT && !ends_lossless(&p->ends))
        play_words_awaited(p, what, sizeof(what));
    else if (p->phase == PLAY_SILENCE && !ends_lossless(&p->ends))
        (void)snprintf(what, sizeof(what), "nothing may come");
    (void)clock_format(until > now_ns ? until - now_ns : 0, rest, sizeof(rest));
    (void)snprintf(out, cap, "line %u: %s, %s left", p->row.row->number, what, rest);
}
