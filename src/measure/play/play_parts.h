/* What the parts of the walk of a figure have of each other; play.h says which file does what. */
#ifndef TCPSHAKE_MEASURE_PLAY_PLAY_PARTS_H
#define TCPSHAKE_MEASURE_PLAY_PLAY_PARTS_H

#include "measure/play/play.h"

/* What becomes of a segment that has come. */
enum play_arrival {
    PLAY_ARRIVAL_AWAITED, /* the walk is at its row now */
    PLAY_ARRIVAL_OTHER,   /* taken in; the row goes on waiting */
    PLAY_ARRIVAL_EARLY,   /* something comes before it, or its turn may come */
    PLAY_ARRIVAL_WRONG,   /* taken in; the row deviates */
};

/* --- play_walk.c --- */

/* Goes on as far as it can without time passing or a segment crossing the wire. */
void play_walk(struct play *p);
/* The instant has come. */
void play_walk_time_up(struct play *p);
/* Something has come at `t_ns`. If that is after what the row waited for was over, and only our
 * timer is late, time is up first. */
void play_walk_time_is(struct play *p, int64_t t_ns);
/* The row's segment, ours, was seen leaving; or a copy of an earlier one; or what is to find out
 * whether a silence counts. */
void play_walk_left(struct play *p, const struct segment *seg);
void play_walk_left_again(struct play *p);
void play_walk_left_probe(struct play *p);
/* No further: what is left of the figure is not reached, the record is made complete, and nothing
 * of ours stays half open. */
void play_walk_end(struct play *p);
/* Afterwards, if the figure went over to our other port: whenever a segment has left or the timer
 * has fired. What is open there is reset once the first connection's has left. */
void play_walk_end_other_port(struct play *p);

/* --- play_awaits.c --- */

/* What a stranger is to do of itself for the row's segment; "" for what it only answers. Static. */
const char *play_awaits_call(const struct play *p);
/* "waiting for 192.0.2.7 to connect to port 8888" */
void play_awaits_tell(const struct play *p, char *out, size_t cap);
/* "line 3: waiting for 192.0.2.7 to close, 12 s left"; "" for nothing. */
void play_awaits_progress(const struct play *p, int64_t now_ns, char *out, size_t cap);

/* --- play_again.c --- */

/* It has left. What is sent again is the same but for the call behind it. */
void play_again_note(struct play *p, const struct scripted *s);
/* The ACK of the handshake before the figure. */
void play_again_note_ack(struct play *p);
/* What was awaited has come. */
void play_again_answered(struct play *p);
/* The peer is there, as its kernel says, or as the figure has it and the set allows. */
void play_again_is_at(struct play *p, state_set states, bool word);
/* Whether one of those, the last of them left out or not, has left once only and need not have
 * arrived; `what` (PLAY_TEXT_MAX) says which. */
bool play_again_doubt(const struct play *p, bool last, char *what);
/* Whether one of those, and its copy, need not have arrived where copies have helped before. */
bool play_again_lossy(const struct play *p);
/* What need not have arrived, and of which there are fewer copies, is sent once more. False:
 * nothing of it can be. */
bool play_again_chance(struct play *p, unsigned copies);
/* The same of what does not even ask for an answer, before the next segment is sent. */
void play_again_before(struct play *p, const struct scripted *next);
/* When that may be, as it would have been answered by then; CLOCK_NEVER: never. */
int64_t play_again_at(const struct play *p, unsigned copies);
/* What has had no answer is sent once more, arrived or not; and when that is due. */
void play_again_retransmit(struct play *p);
int64_t play_again_due(const struct play *p);
/* Whether it asks for an answer, and that has been done more than once. */
bool play_again_asked(const struct play *p);
/* When an answer to the last of those has come, if it is given within `answers_ns`. */
int64_t play_again_calm(const struct play *p, int64_t answers_ns);
/* The peer has sent once more what those acknowledge. */
void play_again_hears_copy(struct play *p, const struct inbox_entry *k);
/* A copy has left. */
void play_again_left(struct play *p);
/* Whether the segment answers a reset of ours that was sent once more. */
bool play_again_drew(const struct play *p, const struct segment *seg);

/* --- play_silence.c: true: the row can be judged --- */

/* The time has passed in which nothing was to come, and nothing has; or in which something was, of
 * which false is that nothing can be asked. */
bool play_silence_over(struct play *p);
bool play_silence_instead(struct play *p);
/* What has broken it says that ours may be lost: that is sent once more, and the silence begins
 * again. False: it has been, or cannot be. */
bool play_silence_anew(struct play *p);
/* The question behind it: something has come, AWAITED is the answer; that is it; nothing has come
 * for long; a segment of the question has left. */
enum play_arrival play_silence_consider(struct play *p, enum end from, const struct inbox_entry *k);
bool play_silence_answered(struct play *p);
bool play_silence_unanswered(struct play *p);
bool play_silence_left(struct play *p);

/* --- play_row.c --- */

/* The walk is at this item, a row of which nothing is known yet; the item behind it comes next. */
void play_row_enter(struct play *p, size_t item);
/* Its segment was seen on the wire; what is inferred from it is up to date. */
void play_row_crossed(struct play *p, const struct segment *seg, int64_t t_ns);
/* The row is not as figured, or not known to be. A deviation stands whatever else is found; of
 * what is not known the first stands. */
void play_row_find(struct play *p, enum event_line_status status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Something is not as figured. It is a deviation unless what we did not see may explain it. */
void play_row_find_deviation(struct play *p, const char *what);
/* The same of what is no other course of events; the rule is that of `rfc` (static). */
void play_row_find_habit(struct play *p, enum play_habit habit, const char *what, const char *rfc);
/* A segment has reached the end that is not ours, or its application is to act: the rule for what
 * it does then. */
void play_row_rule_of_segment(struct play *p, const struct segment *seg);
void play_row_rule_of_call(struct play *p, enum call call);
/* Puts the row into the record and into the tally. */
void play_row_tell(struct play *p, const struct play_row *row);

/* --- Alternatives --- */

/* The walk is at the alternatives that begin at this item; what is behind them comes next. */
void play_row_enter_choice(struct play *p, size_t item);
/* By when, ns after the row before, the row's segment must have come; 0: not given. */
int64_t play_row_latest(const struct figure_row *row);
/* By when the last of the segments awaited must have come, and how long a silence must be, ns after
 * the row before; 0: not given. */
int64_t play_row_choice_latest(const struct play *p);
int64_t play_row_choice_silence(const struct play *p);
/* The alternative that begins with silence; false: there is none. */
bool play_row_choice_silent(const struct play *p, size_t *i);
/* What happened is alternative `i`, unless something before it was missed: then it need not be; nor
 * if something else makes that `unsure` (NULL: nothing). */
void play_row_choose(struct play *p, size_t i, const char *unsure);

/* --- The verdict --- */

/* The figure could not even begin. */
void play_row_trouble(struct play *p, const char *what, const char *why);
/* "figure", "title", "verdict", "alternative", "first_deviation", "first_unknown", "lines", and the
 * exit code: 0 as figured, 1 deviates, 3 unknown. */
void play_row_report(const struct play *p, struct result *r);

/* --- play_act.c --- */

/* Between two kernels: whether somebody listens at either end when the figure begins; and the
 * handshake that the figure does not show, in which A connects. */
void play_act_begin(struct play *p);
void play_act_open(struct play *p);
/* The events in both columns. */
void play_act_columns(struct play *p);
/* The call behind a segment that is not ours, where the figure shows only that. */
void play_act_implied(struct play *p);
/* Whether the peer's window has room for the data of our segment. */
bool play_act_has_room(const struct play *p);
/* Our segment goes to the wire. False when too much waits to be sent already. */
bool play_act_send(struct play *p);
/* It stays in the network: our end has sent it, the wire has not seen it. */
void play_act_hold_back(struct play *p);
/* Goes on with the connection from our other port, and the next time with the first again. */
void play_act_change_port(struct play *p);

/* --- play_wire.c --- */

/* While the row, or one of the alternatives, waits for its segment. */
enum play_arrival play_wire_consider(struct play *p, enum end from, const struct inbox_entry *k);
/* While nothing may come. */
enum play_arrival play_wire_consider_in_silence(struct play *p, enum end from,
                                                const struct inbox_entry *k);
/* The row's segment, which left earlier, arrives. */
void play_wire_release(struct play *p);
/* What has come and no row has asked for: the record is complete even so. */
void play_wire_take_rest(struct play *p);

/* --- play_judge.c --- */

/* The columns. False: a kernel may not have got everything yet, or say something else soon; then
 * play_judge_again is called every play_judge_interval (ns), until it is true. */
bool play_judge_columns(struct play *p);
bool play_judge_again(struct play *p);
int64_t play_judge_interval(const struct play *p);
/* Something of ours has left meanwhile: what the kernel says counts later. */
void play_judge_later(struct play *p);
/* When the row's segment came; `copy`: it was there before, then (may be NULL). */
void play_judge_time(struct play *p, struct inbox_times *copy);

#endif
