/* See number.h. */
#include "render/number.h"

bool number_see(struct number_map *m, const struct segment *seg, bool sent)
{
    if (sent) {
        if (!m->a.bound)
            m->a = (struct number_space){.bound = true, .zero = seg->seq};
        if (endpoint_equal(&seg->src, &seg->dst)) /* the two ends are one */
            m->b = m->a;
        return false;
    }
    if ((seg->flags & FLAG_SYN) == 0)
        return false;
    bool anew = m->b.bound && !seq_eq(m->b.zero, seg->seq);
    m->b = (struct number_space){.bound = true, .zero = seg->seq};
    return anew;
}

static uint32_t shown_digits(const struct number_map *m, const struct number_space *space, seq_t n)
{
    return m->absolute || !space->bound ? n.v : n.v - space->zero.v;
}

uint32_t number_seq(const struct number_map *m, const struct segment *seg, bool sent)
{
    return shown_digits(m, sent ? &m->a : &m->b, seg->seq);
}

uint32_t number_ack(const struct number_map *m, const struct segment *seg, bool sent)
{
    return shown_digits(m, sent ? &m->b : &m->a, seg->ack);
}
