/* What a row waits for, in words for people who wait meanwhile. */
#include "measure/play/play_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/* What a stranger is to do of itself for the row's segment; "" for what it only answers. */
const char *play_awaits_call(const struct play *p)
{
    return p->hoped == CALL_CONNECT ? "connect"
           : p->hoped == CALL_ABORT ? "abort"
           : p->hoped == CALL_CLOSE ? "close"
           : p->hoped == CALL_SEND  ? "talk"
                                    : "";
}

/* "waiting for 192.0.2.7 to connect to port 8888" */
void play_awaits_tell(const struct play *p, char *out, size_t cap)
{
    const char *call = play_awaits_call(p);
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
           p->phase == PLAY_SETTLE || p->phase == PLAY_PROBE || p->phase == PLAY_WINDOW;
}

void play_awaits_progress(const struct play *p, int64_t now_ns, char *out, size_t cap)
{
    char what[PLAY_TEXT_MAX] = "waiting", rest[32];
    out[0] = '\0';
    if (!is_waiting(p))
        return;
    int64_t deadline = p->ends.x->config.deadline_ns;
    int64_t until = p->until_ns < deadline ? p->until_ns : deadline;
    if (p->phase == PLAY_AWAIT && !talk_is_wire(p->ends.x))
        play_awaits_tell(p, what, sizeof(what));
    else if (p->phase == PLAY_SILENCE && !talk_is_wire(p->ends.x))
        (void)snprintf(what, sizeof(what), "nothing may come");
    (void)clock_format(until > now_ns ? until - now_ns : 0, rest, sizeof(rest));
    (void)snprintf(out, cap, "line %u: %s, %s left", p->row.row->number, what, rest);
}
