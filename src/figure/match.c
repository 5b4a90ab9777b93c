/* See match.h. */
#include "figure/match.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "figure/view.h"

/* The control bits that make a segment what it is in a figure. */
#define TELLING (FLAG_SYN | FLAG_FIN | FLAG_RST | FLAG_ACK | FLAG_URG)

static bool same_kind(const struct figure_segment *want, const struct segment *seg)
{
    const unsigned ecn = FLAG_ECE | FLAG_CWR;
    unsigned judged = TELLING | (want->flags & ecn);
    if (want->has_flags && ((want->flags ^ seg->flags) & judged) != 0)
        return false;
    bool data = want->has_len ? want->len > 0 : want->has_data;
    return !data || seg->len > 0;
}

static bool differs(char *why, const char *field, uint32_t is, uint32_t should)
{
    (void)snprintf(why, MATCH_WHY_MAX, "%s is %" PRIu32 ", figured %" PRIu32, field, is, should);
    return false;
}

/* The number as the figure would write it; the distance tells more than the wire's number. */
static bool same_number(struct bind *b, enum end side, const char *field,
                        const struct figure_number *want, seq_t is, char *why)
{
    seq_t should;
    if (!want->given)
        return true;
    if (!bind_lookup(b, side, want, &should)) {
        (void)bind_set(b, side, want, is); /* too many symbols: then it is not judged later */
        return true;
    }
    if (bind_matches(b, side, want, is))
        return true;
    int64_t off = seq_diff(is, should);
    if (want->symbol[0] == '\0')
        (void)snprintf(why, MATCH_WHY_MAX, "%s=%" PRIu32 " came, not %s=%" PRIu32, field,
                       want->value + (uint32_t)off, field, want->value);
    else
        (void)snprintf(why, MATCH_WHY_MAX, "%s is %" PRId64 " %s what is figured", field,
                       off < 0 ? -off : off, off < 0 ? "below" : "above");
    return false;
}

static bool same_seq(struct bind *b, enum end from, const struct figure_segment *want,
                     const struct segment *seg, char *why)
{
    if (bind_is_absolute(want))
        return seg->seq.v == 0 || differs(why, "SEQ", seg->seq.v, 0);
    return same_number(b, from, "SEQ", &want->seq, seg->seq, why);
}

static bool same_options(const struct figure_segment *want, const struct segment *seg, char *why)
{
    const struct options *o = &seg->opt;
    bool raw =
        want->options_len == o->raw_len && memcmp(want->options, o->raw, want->options_len) == 0;
    const char *wrong = want->has_mss && !o->has_mss         ? "no MSS option came"
                        : want->has_wscale && !o->has_wscale ? "no window scale option came"
                        : want->sack_permitted && !o->sack_permitted
                            ? "no SACK-permitted option came"
                        : want->timestamps && !o->has_timestamps ? "no timestamps option came"
                        : want->has_options && !raw              ? "other options came"
                                                                 : NULL;
    if (wrong != NULL) {
        (void)snprintf(why, MATCH_WHY_MAX, "%s", wrong);
        return false;
    }
    if (want->has_mss && want->mss != o->mss)
        return differs(why, "MSS", o->mss, want->mss);
    if (want->has_wscale && want->wscale != o->wscale)
        return differs(why, "WS", o->wscale, want->wscale);
    return true;
}

static bool same_fields(const struct figure_segment *want, const struct segment *seg, char *why)
{
    if (want->has_len && want->len != seg->len)
        return differs(why, "DATA", seg->len, want->len);
    if (want->has_win && want->win != seg->win)
        return differs(why, "WIN", seg->win, want->win);
    if (want->has_ttl && want->ttl != seg->ttl)
        return differs(why, "TTL", seg->ttl, want->ttl);
    if (want->has_urg && want->urg != seg->urg)
        return differs(why, "URG", seg->urg, want->urg);
    return same_options(want, seg, why);
}

enum match match_segment(struct bind *b, enum end from, const struct figure_segment *want,
                         const struct segment *seg, char *why)
{
    struct bind trial = *b;
    why[0] = '\0';
    if (!same_kind(want, seg))
        return MATCH_OTHER;
    if (seg->flags & FLAG_SYN && want->seq.given)
        bind_syn(&trial, from, &want->seq);
    bool ack = (seg->flags & FLAG_ACK) != 0;
    if (!same_seq(&trial, from, want, seg, why) ||
        (ack && !same_number(&trial, end_other(from), "ACK", &want->ack, seg->ack, why)) ||
        !same_fields(want, seg, why))
        return MATCH_DIFFERS;
    *b = trial;
    return MATCH_YES;
}

static bool may_be_equal(const struct figure_number *a, const struct figure_number *b)
{
    return !a->given || !b->given || (strcmp(a->symbol, b->symbol) == 0 && a->value == b->value);
}

bool match_figured(const struct figure_segment *a, const struct figure_segment *b)
{
    return may_be_equal(&a->seq, &b->seq) && may_be_equal(&a->ack, &b->ack) &&
           (!a->has_flags || !b->has_flags || ((a->flags ^ b->flags) & ~(unsigned)FLAG_PSH) == 0) &&
           (!a->has_len || !b->has_len || a->len == b->len);
}
