/* See infer.h. */
#include "talk/infer.h"

void infer_init(struct infer *i, int64_t way_ns)
{
    *i = (struct infer){.under_way = 0};
    peer_init(&i->peer, STATE_SET(STATE_CLOSED) | STATE_SET(STATE_LISTEN));
    peer_known_way(&i->peer, way_ns);
}

struct arrival infer_arrival(struct infer *i, const struct tcb *at, const struct segment *seg)
{
    if (i->under_way == 0)
        i->facing = *at;
    return tcb_arrive(&i->facing, seg);
}

struct peer_change infer_seen(struct infer *i, const struct segment *seg, const struct arrival *a,
                              int64_t t_ns)
{
    return peer_seen(&i->peer, &i->facing, seg, a, t_ns);
}

bool infer_saw(const struct infer *i, const struct tcb *at, const struct segment *seg)
{
    const struct tcb *t = i->under_way == 0 ? at : &i->facing;
    return i->peer.irs_known && segment_seq_len(seg) > 0 && !(seg->flags & FLAG_RST) &&
           seq_le(segment_end(seg), t->rcv_nxt) && !seq_lt(seg->seq, t->irs);
}

void infer_faces(struct infer *i, enum call call, const struct segment *seg)
{
    if (i->under_way == 0)
        return;
    if (call != CALL_COUNT)
        (void)tcb_call(&i->facing, call);
    tcb_left(&i->facing, seg);
}
