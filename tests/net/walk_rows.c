/* See walk_rows.h. */
#include "walk_rows.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"

enum {
    OWN_NUMBERS = 100000,
    PEER_NUMBERS = 300000,
    ARROW_COLUMN = 18,
    SEGMENT_COLUMN = 22,
    FAR_ARROW_COLUMN = 80,
    PEER_COLUMN = 84
};

static void number_row(struct walk *w)
{
    text_printf(w->rows, "%zu.", ++w->row);
    text_pad(w->rows, 5);
}

void walk_rows_begin(struct walk *w)
{
    if (w->rows == NULL)
        return;
    text_printf(w->rows,
                "title: Walk %zu of seed %" PRIu64 "\n"
                "needs: closes\n\n     TCP Peer A",
                w->number, w->seed);
    text_pad(w->rows, PEER_COLUMN);
    text_printf(w->rows, "TCP Peer B\n");
    number_row(w);
    text_printf(w->rows, "CLOSED");
    text_pad(w->rows, PEER_COLUMN);
    text_printf(w->rows, "LISTEN\n");
}

void walk_rows_event(struct walk *w, bool ours, const char *event)
{
    if (w->rows == NULL)
        return;
    if (event[0] == '#') {
        text_printf(w->rows, "%s\n", event);
        return;
    }
    number_row(w);
    if (!ours)
        text_pad(w->rows, PEER_COLUMN);
    text_printf(w->rows, "%s\n", event);
}

void walk_rows_wait(struct walk *w, int64_t ns)
{
    char event[40];
    (void)snprintf(event, sizeof(event), "(wait %" PRId64 "ms)", ns / CLOCK_MS);
    walk_rows_event(w, true, event);
}

void walk_rows_remark(struct walk *w, const char *text)
{
    if (w->rows != NULL)
        text_printf(w->rows, "# %s\n", text);
}

static uint32_t own_number(struct walk *w, seq_t n)
{
    if (!w->own_origin_known)
        w->own_origin = n;
    w->own_origin_known = true;
    return OWN_NUMBERS + (n.v - w->own_origin.v);
}

static uint32_t peer_number(const struct walk *w, seq_t n)
{
    return PEER_NUMBERS + (n.v - w->peer_origin.v);
}

static void put_segment(struct walk *w, const struct segment *seg, bool ours)
{
    char flags[FLAGS_TEXT_MAX];
    text_printf(w->rows, "<SEQ=%" PRIu32 ">",
                ours ? own_number(w, seg->seq) : peer_number(w, seg->seq));
    if (seg->flags & FLAG_ACK)
        text_printf(w->rows, "<ACK=%" PRIu32 ">",
                    ours ? peer_number(w, seg->ack) : own_number(w, seg->ack));
    if (seg->len > 0)
        text_printf(w->rows, "<DATA=%" PRIu32 ">", seg->len);
    text_printf(w->rows, "<CTL=%s>", flags_format(seg->flags, flags));
}

static void put_row(struct walk *w, const struct segment *seg, const char *own, const char *left,
                    const char *right)
{
    number_row(w);
    text_printf(w->rows, "%s", own);
    text_pad(w->rows, ARROW_COLUMN);
    text_printf(w->rows, "%s", left);
    text_pad(w->rows, SEGMENT_COLUMN);
    put_segment(w, seg, right[0] == '-');
    text_printf(w->rows, " ");
    text_pad(w->rows, FAR_ARROW_COLUMN);
    text_printf(w->rows, "%s\n", right);
}

void walk_rows_left(struct walk *w, const struct segment *seg, bool ours, enum state own)
{
    if (w->rows != NULL)
        put_row(w, seg, ours ? state_name(own) : "(duplicate)", ours ? "-->" : "...", "-->");
}

void walk_rows_received(struct walk *w, const struct segment *seg, enum state own)
{
    if (w->rows == NULL)
        return;
    if (seg->flags & FLAG_SYN)
        w->peer_origin = seg->seq;
    put_row(w, seg, state_name(own), "<--", "<--");
}
