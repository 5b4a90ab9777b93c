/* One tap and one injector for each interface: see relay.h. */
#include "net/relay.h"

#include <stdlib.h>

#include "net/capture.h"
#include "net/inject.h"

struct relay {
    struct capture *in[ENDS];
    struct inject *out[ENDS];
};

struct relay *relay_open(const char *ifname_a, const char *ifname_b, struct fault *fault)
{
    const char *const names[ENDS] = {[END_A] = ifname_a, [END_B] = ifname_b};
    struct relay *r = fault_alloc(sizeof(*r), fault);
    if (r == NULL)
        return NULL;
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

struct capture *relay_tap(const struct relay *r, enum end side)
{
    return r->in[side];
}

enum status relay_send(struct relay *r, enum end side, const uint8_t *frame, size_t n,
                       struct fault *fault)
{
    return inject_send(r->out[side], frame, n, fault);
}

const char *relay_clock(const struct relay *r)
{
    return capture_clock(r->in[END_A]);
}
