/* One tap and one injector for each interface: see relay.h. */
#include "net/relay.h"

#include <stdlib.h>

#include "net/capture.h"
#include "net/inject.h"

struct relay {
    struct capture *in[ENDS];
    struct inject *out[ENDS];
};

struct shown {
    enum end side;
    relay_fn *fn;
    void *arg;
};

struct relay *relay_open(const char *ifname_a, const char *ifname_b, struct fault *fault)
{
    const char *const names[ENDS] = {[END_A] = ifname_a, [END_B] = ifname_b};
    struct relay *r = calloc(1, sizeof(*r));
    if (r == NULL) {
        (void)fault_set(fault, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    for (enum end side = END_A; side <= END_B; side++) {
        r->in[side] = capture_open_inbound(names[side], fault);
        if (r->in[side] != NULL)
            r->out[side] = inject_open_link(names[side], fault);
        if (r->out[side] == NULL) {
            relay_close(r);
            return NULL;
        }
    }
    return r;
}

void relay_close(struct relay *r)
{
    if (r == NULL)
        return;
    for (enum end side = END_A; side <= END_B; side++) {
        inject_close(r->out[side]);
        capture_close(r->in[side]);
    }
    free(r);
}

int relay_fd(const struct relay *r, enum end side)
{
    return capture_fd(r->in[side]);
}

static void show(void *arg, const uint8_t *frame, size_t n, int64_t t_ns)
{
    const struct shown *s = arg;
    s->fn(s->arg, s->side, frame, n, t_ns);
}

int relay_dispatch(struct relay *r, enum end side, int max, relay_fn *fn, void *arg,
                   struct fault *fault)
{
    struct shown s = {.side = side, .fn = fn, .arg = arg};
    return capture_dispatch(r->in[side], max, show, &s, fault);
}

enum status relay_send(struct relay *r, enum end side, const uint8_t *frame, size_t n,
                       struct fault *fault)
{
    return inject_send(r->out[side], frame, n, fault);
}

uint64_t relay_dropped(struct relay *r)
{
    return capture_dropped(r->in[END_A]) + capture_dropped(r->in[END_B]);
}

const char *relay_clock(const struct relay *r)
{
    return capture_clock(r->in[END_A]);
}
