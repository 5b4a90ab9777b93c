/* What has come out of an end that is not ours: segments whose turn has not come, and what of them
 * was matched with the figure's rows. By this a copy is told from what is new, and an ISN from
 * those that were there before. */
#ifndef TCPSHAKE_MEASURE_PLAY_INBOX_H
#define TCPSHAKE_MEASURE_PLAY_INBOX_H

#include "event/event.h"
#include "figure/bind.h"

enum {
    INBOX_MAX = 64,
    INBOX_MATCHED_MAX = 64,
    INBOX_ISNS_MAX = 128 /* more than rounds */
};

struct inbox_entry {
    struct segment seg;
    uint8_t *raw; /* where seg.raw points */
    int64_t t_ns;
    uint64_t dropped; /* by the capture when it came */
};

struct inbox {
    struct inbox_entry waiting[INBOX_MAX];
    size_t count;
    struct {
        seq_t seq, ack;
        uint16_t flags;
        uint32_t len;
        struct inbox_times {
            int64_t t_ns;             /* when the last copy came */
            int64_t gap_ns, after_ns; /* of the first one with [after], and the figure's; 0: none */
        } times;
    } matched[INBOX_MATCHED_MAX];
    size_t matched_count;
    seq_t isns[INBOX_ISNS_MAX]; /* of the end's connections */
    size_t isn_count;
    struct figure_number last_syn;
    bool new_round; /* there was no SYN in this one */
};

/* Copies the segment with its octets. False when there is no room or no memory. */
bool inbox_add(struct inbox *k, const struct segment *seg, int64_t t_ns, uint64_t dropped);
void inbox_remove(struct inbox *k, size_t i);
void inbox_done(struct inbox *k);

/* The segment is that of a row which shows `figured` for it. */
void inbox_match(struct inbox *k, const struct segment *seg, const struct figure_segment *figured);
/* Whether it is a copy of one that was matched, and when that came; NULL: it is none. */
bool inbox_matched(const struct inbox *k, const struct segment *seg);
struct inbox_times *inbox_times(struct inbox *k, const struct segment *seg);
/* Whether the figure shows again what was matched before: by its number, which is known. */
bool inbox_shows_again(const struct inbox *k, const struct bind *b, enum end from,
                       const struct figure_segment *f);
/* A repeated block begins again. */
void inbox_begin_round(struct inbox *k);
/* What is wrong with the last ISN (RFC 9293 3.4.1, RFC 6528), "" nothing; static. */
enum event_line_status inbox_judge_isn(const struct inbox *k, const char **what);

#endif
