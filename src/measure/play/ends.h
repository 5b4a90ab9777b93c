/* The two ends between which a figure is played, by the figure's names, and what lies between them.
 * What differs is asked of an end's kind and of talk_is_wire (talk.h): whether we are the wire
 * between two kernels. Nothing is lost there but what we hold, all that leaves an end comes to us
 * first, in its order, and goes no further than we let it.
 *
 * A kernel speaks of now. What was let go or put on the wire a moment ago may not have reached it,
 * and then it is still in the state from before: its word counts from ends_taken_ns on. */
#ifndef TCPSHAKE_MEASURE_PLAY_ENDS_H
#define TCPSHAKE_MEASURE_PLAY_ENDS_H

#include "measure/play/inbox.h"
#include "talk/talk.h"

struct ends {
    struct talk *x;
    enum end us; /* the end that is ours, where one is; A otherwise */

    int64_t taken_ns[ENDS]; /* by then an end has taken what has gone to it so far */
    int64_t trip_ns;        /* a round trip at most, where it could not be measured; 0: unknown */
    struct {
        bool known;
        seq_t nxt; /* the number behind all that has left this end; where we are the wire */
    } sent[ENDS];

    /* Of our end's connection: */
    struct ends_past {
        struct tcb before_crash;
        bool acked; /* the peer has acknowledged something: */
        seq_t ack;  /* what it expects next */
    } past, aside;  /* of the one from the other port */
};

/* The conversation's name for an end of the figure, and the other way round: in the record A is
 * ours. */
enum end ends_of(const struct ends *e, enum end end);
enum talk_kind ends_kind(const struct ends *e, enum end end);
const struct endpoint *ends_at(const struct ends *e, enum end end);

/* --- The record --- */

void ends_tell(struct ends *e, const struct event_line *line, int64_t t_ns);

/* --- What is true of an end --- */

/* The states it is in, or may be in. Of a kernel that cannot be asked the fault says why. */
enum status ends_states(struct ends *e, enum end end, state_set *set, struct fault *fault);
/* What its segments allow; all states where nothing is inferred. */
state_set ends_inferred(const struct ends *e, enum end end);
/* From when on its kernel's word is about all that has gone to it. */
int64_t ends_taken_ns(const struct ends *e, enum end end);
/* How long at most a segment was under way that has come to our end, and how long an answer to one
 * of ours may take on both ways, as far as is known: the lab's wire, or the round trips seen. */
int64_t ends_back_ns(const struct ends *e);
int64_t ends_round_ns(const struct ends *e);
/* No round trip was measured: those are what one may have been. */
bool ends_trip_is_guess(const struct ends *e);
/* The number behind all that it has sent, as far as the other end has got it, or had before a
 * crash. */
bool ends_next(const struct ends *e, enum end end, seq_t *nxt);

/* --- What an end does --- */

/* The application of an ASKED end acts; when this returns, it has. */
enum status ends_call(struct ends *e, enum end end, enum call what, const void *data, size_t n,
                      struct fault *fault);

/* --- Segments of an end that is not ours --- */

/* It has come out of `from`, and its turn has come: into the record, if it is not there yet, and on
 * to the other end, unless it stays in the network. `note` may be NULL. Returns how many octets of
 * data are new to the other end. */
uint32_t ends_take(struct ends *e, enum end from, const struct inbox_entry *k, bool arrives,
                   const char *note);
/* One that stayed in the network arrives. */
void ends_arrives(struct ends *e, enum end from, const struct segment *seg);
/* Before and after a figure everything passes, where we are the wire. */
void ends_pass(struct ends *e, enum end from, const struct segment *seg);
/* Whether it is the SYN of the connection once more, also of one that our end has forgotten; or
 * begins behind something that has not come, as the end knows that it goes to; or says nothing but
 * that more may be sent. */
bool ends_is_old_syn(const struct ends *e, const struct segment *seg);
/* ... or shows by its number that something before it is missing. */
bool ends_shows_a_gap(const struct ends *e, const struct segment *seg);
bool ends_is_window_update(const struct ends *e, const struct segment *seg);
bool ends_is_behind_a_gap(const struct ends *e, const struct segment *seg);

/* --- The end that is ours --- */

/* A new TCB with this ISS: everything is forgotten. */
void ends_renew(struct ends *e, seq_t iss);
/* A connection that it opens later will have another ISS than the last one. */
void ends_next_isn(struct ends *e);
void ends_listen(struct ends *e);
/* One of ours was seen leaving. */
void ends_left(struct ends *e);
/* A SYN has been answered: one of those that have left. */
void ends_syn_answered(struct ends *e);
void ends_change_port(struct ends *e);
/* Whether the segment goes to the port of ours with whose connection the figure goes on now. */
bool ends_is_at_port(const struct ends *e, const struct segment *seg);
/* Resets what the figure leaves half open. Where the ends are kernels, that is their affair. */
void ends_clean_up(struct ends *e);

#endif
