/* See rto.h. */
#include "tcp/rto.h"

#include "base/clock.h"

static const int64_t first = CLOCK_S;       /* RFC 6298 2.1 */
static const int64_t careful = 3 * CLOCK_S; /* 5.7 */
static const int64_t least = CLOCK_S;       /* 2.4 */
static const int64_t most = 60 * CLOCK_S;   /* 2.5 */
static const int64_t granularity = CLOCK_MS;

void rto_init(struct rto *r)
{
    *r = (struct rto){.rto_ns = first, .unmeasured_ns = first};
}

void rto_restore(struct rto *r)
{
    if (!r->measured) {
        r->rto_ns = r->unmeasured_ns;
        return;
    }
    int64_t spread = 4 * r->rttvar_ns > granularity ? 4 * r->rttvar_ns : granularity;
    int64_t rto = r->srtt_ns + spread;
    r->rto_ns = rto < least ? least : rto > most ? most : rto;
}

void rto_measure(struct rto *r, int64_t rtt_ns)
{
    if (!r->measured) {
        r->srtt_ns = rtt_ns;
        r->rttvar_ns = rtt_ns / 2;
        r->measured = true;
    } else {
        int64_t off = r->srtt_ns - rtt_ns;
        r->rttvar_ns += ((off < 0 ? -off : off) - r->rttvar_ns) / 4;
        r->srtt_ns += (rtt_ns - r->srtt_ns) / 8;
    }
    rto_restore(r);
}

void rto_back_off(struct rto *r)
{
    r->rto_ns = 2 * r->rto_ns > most ? most : 2 * r->rto_ns;
}

void rto_syn_expired(struct rto *r)
{
    r->unmeasured_ns = careful;
}
