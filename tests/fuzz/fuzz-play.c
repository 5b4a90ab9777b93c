/* A figure, played against whatever the input scripts: a peer on the simulated wire, or two kernels
 * with us as the wire. Whatever is in the figure and whatever the ends, their kernels and the
 * capture do: the walk ends, every line is told and once a round, the verdict is what the lines
 * say, what the capture may have missed is held against nobody, no more goes out than the figure
 * and the peer call for, and nothing is passed on that did not come out of the other end.
 *
 * The input is the figure up to a NUL, an octet that says who plays (odd: two kernels), an octet or
 * two that choose the run, then steps: a few of them are taken for each segment that reaches the
 * peer, one for each moment of the run. When there are no more, the ends do as the run's manner
 * says. */
#include "../keys.h"
#include "../world/scripted.h"

#include <string.h>

#include "figure/check.h"
#include "figure/parse.h"
#include "measure/play/play.h"
#include "wire/craft.h"

enum {
    STEPS_A_SEGMENT = 4,
    MOMENTS_MAX = 3000,
    WIRE_MOMENTS_MAX = 6000, /* of the script, and then of the rest */
    EMITTED_MAX = 1000,
    PACKET_MAX = 1500,
    CAME_MAX = 4096,
    QUEUE_MAX = 64,
    /* Ours that neither a line nor a segment of the peer's calls forth: the handshake before, what
     * --say brings, resets in the end. */
    FREE_SEGMENTS = 24,
    LAST_SEGMENTS = OUTBOX_QUEUE_MAX + 4,
};

#define GRACE (10 * CLOCK_S)

/* Of the ends when the script is silent, as bits. */
enum manner {
    MANNER_TEXTBOOK = 0x01,
    MANNER_AS_FIGURED = 0x02,
};

struct fake_end {
    struct scene *scene;
    enum end side;
    struct tcb tcb;
    bool exists, listens, mute, unwilling, lies;
    enum state says; /* when it lies */
};

struct packet {
    enum end end; /* that it comes from or goes to */
    bool arrives;
    size_t n;
    uint8_t ip[PACKET_MAX];
};

struct scene {
    struct scripted_record record; /* first */
    struct timeline timeline;
    struct figure figure;
    struct play play;
    struct scripted_peer peer; /* where both ends are kernels it has but the script */
    unsigned manner;
    size_t answered_item; /* the row for which the figure's segment has been sent */
    unsigned answered_round;

    /* Where one end is ours: */
    struct talks_observer observer;
    struct endpoint locals[2];
    struct upper upper;
    void *states[1];
    struct link wire;
    uint32_t isns;   /* how many numbers the host has begun with */
    unsigned unseen; /* the tap misses that many of ours */
    int64_t slept_ns;
    uint8_t packet[CRAFT_MAX]; /* the last of ours */
    size_t packet_len;

    /* Where neither is: */
    struct talk pair;
    struct talk_config between;
    struct upper applications[ENDS];
    struct fake_end end[ENDS];
    struct craft *craft;
    int64_t now_ns;
    struct packet queue[QUEUE_MAX]; /* of textbook kernels */
    size_t queued;
    struct packet last[ENDS]; /* that came out of an end */
    uint64_t came[CAME_MAX];  /* what came out of the ends, as hashes */
    size_t came_count;
    unsigned passed;

    unsigned sent_after, moments;
    unsigned told[4], deviating_alternatives;
    unsigned rounds[FIGURE_ITEMS_MAX]; /* in how many the row has been told */
    uint64_t lost;
    unsigned excused; /* lines that may still stand on what was before the loss */
};

/* --- The record --- */

static size_t item_of(const struct scene *c, unsigned source_line)
{
    size_t i = 0;
    while (i < c->figure.count &&
           (c->figure.items[i].kind != FIGURE_ROW || c->figure.items[i].row.line != source_line))
        i++;
    fuzz_require(i < c->figure.count);
    return i;
}

/* Of the alternatives only the one that was found is told: its first row has been. */
static bool may_be_told(const struct scene *c, size_t item)
{
    const struct figure_item *items = c->figure.items;
    size_t i = item;
    while (i > 0 && items[i].kind == FIGURE_ROW)
        i--;
    return (items[i].kind != FIGURE_EITHER && items[i].kind != FIGURE_OR) || c->rounds[i + 1] > 0;
}

static void check_line(struct scene *c, const struct event_line *l)
{
    size_t item = item_of(c, l->source_line);
    bool wrong = l->status == EVENT_LINE_DEVIATES || l->status == EVENT_LINE_UNKNOWN;
    fuzz_require(l->status <= EVENT_LINE_NOT_REACHED);
    fuzz_require(wrong == (l->text != NULL && l->text[0] != '\0'));
    c->told[l->status]++;
    fuzz_require(c->rounds[item] <= c->play.round); /* else this is the second time */
    fuzz_require(l->status != EVENT_LINE_NOT_REACHED || may_be_told(c, item));
    c->rounds[item] = c->play.round + 1;
    if (c->lost > 0 && c->excused == 0)
        fuzz_require(l->status != EVENT_LINE_DEVIATES &&
                     (l->status != EVENT_LINE_OK || !l->alternative_deviates));
    c->excused -= c->excused > 0;
    c->deviating_alternatives += l->alternative_deviates && l->status != EVENT_LINE_NOT_REACHED;
}

static unsigned count_of(const json_t *lines, const char *key)
{
    const json_t *n = json_object_get(lines, key);
    fuzz_require(json_is_integer(n));
    return (unsigned)json_integer_value(n);
}

static void check_verdict(const struct scene *c, const struct result *r)
{
    json_t *record = keys_of(r);
    const json_t *lines = json_object_get(record, "lines");
    const char *verdict = json_string_value(json_object_get(record, "verdict"));
    fuzz_require(verdict != NULL);
    bool deviates = strcmp(verdict, "deviates") == 0, unknown = strcmp(verdict, "unknown") == 0;
    fuzz_require(count_of(lines, "ok") == c->told[EVENT_LINE_OK]);
    fuzz_require(count_of(lines, "deviates") == c->told[EVENT_LINE_DEVIATES]);
    fuzz_require(count_of(lines, "unknown") == c->told[EVENT_LINE_UNKNOWN]);
    fuzz_require(count_of(lines, "not_reached") == c->told[EVENT_LINE_NOT_REACHED]);
    fuzz_require(!c->told[EVENT_LINE_DEVIATES] || deviates);
    fuzz_require(!deviates || c->told[EVENT_LINE_DEVIATES] || c->deviating_alternatives);
    fuzz_require(!(c->told[EVENT_LINE_UNKNOWN] || c->told[EVENT_LINE_NOT_REACHED]) || deviates ||
                 unknown);
    fuzz_require(!deviates || json_is_object(json_object_get(record, "first_deviation")));
    fuzz_require(!c->told[EVENT_LINE_UNKNOWN] ||
                 json_is_object(json_object_get(record, "first_unknown")));
    fuzz_require(r->exit_code == (deviates ? 1 : unknown ? 3 : 0) || r->exit_code == 2);
    json_decref(record);
}

static void check_event(struct scripted_record *r, const struct event *e)
{
    struct scene *c = (struct scene *)r;
    if (e->kind == EVENT_LINE)
        check_line(c, e->line);
    else if (e->kind == EVENT_VERDICT)
        check_verdict(c, e->result);
}

/* --- What the figure wants --- */

/* The row that is waited for; of alternatives the one of that number. */
static const struct figure_row *awaited(const struct scene *c, unsigned number)
{
    const struct play *p = &c->play;
    const struct figure_item *items = c->figure.items;
    if (p->phase != PLAY_AWAIT)
        return NULL;
    if (!p->choosing)
        return p->row.row;
    size_t i = p->choice;
    while (number-- > 0 && items[items[i].to].kind == FIGURE_OR)
        i = items[i].to;
    return items[i + 1].kind == FIGURE_ROW ? &items[i + 1].row : NULL;
}

static void take_number(const struct bind *b, enum end side, const struct figure_number *n,
                        seq_t *wire)
{
    if (n->given)
        (void)bind_lookup(b, side, n, wire);
}

static void take_options(const struct figure_segment *f, struct segment *seg)
{
    struct options *o = &seg->opt;
    char layout[5] = "";
    size_t n = 0;
    o->mss = f->mss;
    o->wscale = f->wscale;
    o->has_mss = f->has_mss;
    o->has_wscale = f->has_wscale;
    o->sack_permitted = f->sack_permitted;
    o->has_timestamps = f->timestamps;
    if (o->has_mss)
        layout[n++] = 'M';
    if (o->has_wscale)
        layout[n++] = 'W';
    if (o->sack_permitted)
        layout[n++] = 'S';
    if (o->has_timestamps)
        layout[n++] = 'T';
    (void)options_build(o, layout, NULL);
    if (f->has_options) {
        memcpy(o->raw, f->options, f->options_len);
        o->raw_len = (uint8_t)f->options_len;
    }
}

/* The row's segment, with numbers that are not known as they stand in `seg`. The SYN of an end
 * begins anew with `iss`. */
static void take_row(const struct scene *c, const struct figure_row *row, seq_t iss,
                     struct segment *seg)
{
    const struct figure_segment *f = &row->segment;
    enum end from = view_sender(row);
    struct bind bind = c->play.bind;
    seg->flags = f->has_flags ? f->flags : FLAG_ACK;
    if (seg->flags & FLAG_SYN) {
        bind_syn(&bind, from, &f->seq);
        seg->seq = iss;
    }
    take_number(&bind, from, &f->seq, &seg->seq);
    take_number(&bind, end_other(from), &f->ack, &seg->ack);
    if (bind_is_absolute(f))
        seg->seq = seq_of(0);
    seg->win = f->has_win ? f->win : seg->win;
    seg->ttl = f->has_ttl ? f->ttl : seg->ttl;
    seg->urg = f->urg;
    take_options(f, seg);
}

static size_t octets_of(const struct figure_row *row)
{
    return row->segment.has_len ? row->segment.len : row->segment.has_data;
}

/* Once for each row. */
static bool is_to_be_answered(struct scene *c)
{
    const struct play *p = &c->play;
    if (!(c->manner & MANNER_AS_FIGURED) || p->phase != PLAY_AWAIT ||
        (c->answered_item == p->row.item + 1 && c->answered_round == p->round + 1))
        return false;
    c->answered_item = p->row.item + 1;
    c->answered_round = p->round + 1;
    return true;
}

static enum state first_of(state_set set)
{
    enum state s = STATE_CLOSED;
    while (s + 1 < STATE_COUNT && !state_set_has(set, s))
        s++;
    return s;
}

/* ===== One end is ours ===== */

/* --- What the peer sends --- */

static struct scene *scene_of(const struct scripted_peer *p)
{
    return (struct scene *)((uintptr_t)p - offsetof(struct scene, peer));
}

static void figured_numbers(const struct scripted_peer *p, seq_t more[2])
{
    more[0] = scene_of(p)->play.row.seg.seq;
    more[1] = scene_of(p)->play.ends.past.ack;
}

/* An error about the last segment of ours, from whoever. */
static void icmp_error(struct scene *c)
{
    enum {
        IP = 20,
        HEADER = 8,
        QUOTE = 28
    };
    uint8_t packet[IP + HEADER + QUOTE] = {0x45, 0, 0, sizeof(packet)};
    if (c->packet_len < QUOTE || c->peer.emitted++ >= EMITTED_MAX)
        return;
    packet[8] = 64; /* TTL */
    packet[9] = 1;  /* ICMP */
    memcpy(packet + 12, c->packet + 16, 4);
    memcpy(packet + 16, c->packet + 12, 4);
    packet[IP] = scripted_octet(&c->peer.script) % 4 ? 3 : 11;
    packet[IP + 1] = scripted_octet(&c->peer.script);
    memcpy(packet + IP + HEADER, c->packet, QUOTE);
    sim_emit_raw(c->peer.sim, 0, packet, sizeof(packet));
}

static void as_figured(struct scene *c, unsigned alternative)
{
    const struct figure_row *row = awaited(c, alternative);
    const struct tcb *own = &c->peer.run.entry->talk.ours.tcb;
    struct segment seg = scripted_to_us(&c->peer);
    if (row == NULL || !row->has_segment)
        return;
    seg.seq = own->rcv_nxt;
    seg.ack = own->snd_nxt;
    seq_t iss = seq_add(c->peer.host.iss, c->isns * 64000);
    take_row(c, row, iss, &seg);
    c->isns += (seg.flags & FLAG_SYN) != 0;
    scripted_emit(&c->peer, row->after_ns, &seg, octets_of(row));
}

static void keep_to_the_figure(struct scene *c)
{
    if (c->peer.script.left == 0 && is_to_be_answered(c))
        as_figured(c, 0);
}

/* --- The upper tester --- */

static enum status stop_listening(struct scene *c, struct fault *fault)
{
    return scripted_octet(&c->peer.script) >= 0xf0
               ? fault_set(fault, STATUS_SYSTEM, "it stays open")
               : STATUS_OK;
}

static enum status let_act(void *arg, const struct endpoint *ours, enum call what, const void *data,
                           size_t n, struct fault *fault)
{
    struct scene *c = arg;
    (void)ours;
    fuzz_require(n == 0 || data != NULL);
    if (what == CALL_STOP_LISTENING)
        return stop_listening(c, fault);
    uint8_t how = scripted_octet(&c->peer.script);
    if (how >= 0xf0)
        return fault_set(fault, STATUS_SYSTEM, "nobody is at home");
    if (how & 1 || !(c->manner & MANNER_TEXTBOOK))
        return STATUS_OK;
    if (what == CALL_CONNECT || what == CALL_CLOSE || what == CALL_ABORT)
        scripted_is_told(&c->peer, what);
    else if (what == CALL_SEND)
        scripted_says(&c->peer, NULL, REPLY_ACK, 0, n);
    return STATUS_OK;
}

static enum status let_ask(void *arg, const struct endpoint *ours, enum state *state,
                           struct fault *fault)
{
    struct scene *c = arg;
    uint8_t how = scripted_octet(&c->peer.script);
    (void)ours;
    if (how >= 0xf0)
        return fault_set(fault, STATUS_SYSTEM, "the peer's kernel does not answer");
    *state = how != 0 ? (enum state)(how % STATE_COUNT) : c->peer.host.state;
    if (how == 0 && c->manner & MANNER_AS_FIGURED)
        *state = first_of(c->play.row.due[end_other(c->play.us)]);
    return STATUS_OK;
}

/* --- Steps --- */

/* One step; false: no more for this segment. */
static bool step(struct scene *c, const struct segment *heard)
{
    if (c->peer.script.left == 0) {
        if (c->manner & MANNER_TEXTBOOK || (c->manner != 0 && c->play.phase == PLAY_HANDSHAKE))
            scripted_answers(&c->peer, heard, 0);
        return false;
    }
    uint8_t what = scripted_octet(&c->peer.script);
    switch (what % 8) {
    case 0:
        return false;
    case 1:
        scripted_answers(&c->peer, heard, 0);
        break;
    case 2:
        scripted_answers(&c->peer, heard, scripted_octet(&c->peer.script) * (CLOCK_S / 16));
        break;
    case 3:
        scripted_is_told(&c->peer, what & 0x10 ? CALL_CLOSE : CALL_LISTEN);
        break;
    case 4:
        scripted_is_told(&c->peer, what & 0x10 ? CALL_ABORT : CALL_CONNECT);
        break;
    case 5:
        as_figured(c, what >> 3);
        break;
    case 6:
        scripted_odd_segment(&c->peer);
        break;
    default:
        scripted_raw_packet(&c->peer);
        break;
    }
    return true;
}

static void hears(void *arg, struct sim *sim, const struct segment *seg)
{
    struct scene *c = scene_of(arg);
    (void)sim;
    for (int i = 0; i < STEPS_A_SEGMENT && step(c, seg); i++)
        ;
}

static void look(void *arg, struct talk *x)
{
    (void)x;
    keep_to_the_figure(arg);
}

static int64_t wants_until(void *arg)
{
    (void)arg;
    return 0;
}

static void add_nothing(void *arg, struct talk *x, struct result *r)
{
    (void)arg;
    (void)x;
    (void)r;
}

/* What leaves us. */
static enum status put(void *arg, const uint8_t *ip, size_t n, struct fault *fault)
{
    struct scene *c = arg;
    struct segment seg;
    fuzz_require(!talks_over(&c->peer.run.talks));
    fuzz_require(n <= sizeof(c->packet) && segment_decode(&seg, ip, n, NULL) == STATUS_OK);
    fuzz_require(address_equal(&seg.src.ip, &c->locals[0].ip));
    fuzz_require(seg.src.port == c->locals[0].port || seg.src.port == c->locals[1].port);
    fuzz_require(endpoint_equal(&seg.dst, &c->peer.run.entry->talk.config.remote));
    c->sent_after += c->play.phase == PLAY_OVER;
    fuzz_require(c->sent_after <= LAST_SEGMENTS);
    memcpy(c->packet, ip, n);
    c->packet_len = n;
    if (c->unseen == 0)
        return c->wire.send(c->wire.arg, ip, n, fault);
    c->unseen--;
    hears(&c->peer, c->peer.sim, &seg);
    return STATUS_OK;
}

/* --- Moments --- */

static void lose_packets(struct scene *c)
{
    /* The row that is being played may have been judged already. */
    if (c->lost == 0)
        c->excused = 1;
    c->lost += 1u + scripted_octet(&c->peer.script);
    talk_lost_packets(&c->peer.run.entry->talk, c->lost);
}

static void tell_progress(const struct scene *c)
{
    char text[120];
    memset(text, 'x', sizeof(text));
    play_script()->progress(&c->peer.run.entry->talk, sim_now(c->peer.sim), text, sizeof(text));
    fuzz_require(memchr(text, '\0', sizeof(text)) != NULL);
}

static void moment(struct scene *c)
{
    struct fault fault;
    int64_t slept;
    switch (scripted_octet(&c->peer.script) % 16) {
    case 8:
        lose_packets(c);
        break;
    case 9:
        if (scripted_octet(&c->peer.script) >= 0x80)
            fuzz_require(talks_stop(&c->peer.run.talks, sim_now(c->peer.sim), &fault) == STATUS_OK);
        break;
    case 10:
        icmp_error(c);
        break;
    case 11:
        scripted_odd_segment(&c->peer);
        break;
    case 12:
        as_figured(c, scripted_octet(&c->peer.script));
        break;
    case 13:
        scripted_raw_packet(&c->peer);
        break;
    case 14:
        c->unseen = scripted_octet(&c->peer.script) % 4;
        break;
    case 15: /* we have slept, and what came meanwhile is looked at behind it */
        slept = scripted_octet(&c->peer.script) * (CLOCK_S / 8);
        c->slept_ns += slept;
        fuzz_require(talks_tick(&c->peer.run.talks, sim_now(c->peer.sim) + slept, &fault) ==
                     STATUS_OK);
        break;
    default:
        tell_progress(c);
        break;
    }
}

/* --- The run --- */

static void set_up_play(struct scene *c, uint8_t how)
{
    c->upper = (struct upper){.call = let_act, .state = let_ask, .arg = c};
    c->play = (struct play){
        .figure = &c->figure,
        .us = how & 0x01 ? END_B : END_A,
        .keep_going = how & 0x04,
        .say = how & 0x08 ? (const uint8_t *)"GET /" : NULL,
        .say_len = how & 0x08 ? 5 : 0,
        .reply_wait_ns = 2 * CLOCK_S,
    };
    c->manner = how >> 4 & (MANNER_TEXTBOOK | MANNER_AS_FIGURED);
}

static void set_up(struct scene *c, uint8_t how, uint8_t numbers)
{
    static const uint8_t here[4] = {192, 0, 2, 1}, there[4] = {192, 0, 2, 2};
    static const int64_t deadlines[] = {CLOCK_NEVER, 2 * CLOCK_S, 40 * CLOCK_S, 5 * CLOCK_MIN};
    c->locals[0] = (struct endpoint){address_from_v4(here), 40000};
    c->locals[1] = (struct endpoint){address_from_v4(here), 40001};
    c->observer = (struct talks_observer){look, wants_until, add_nothing, c};
    c->states[0] = &c->play;
    c->peer.local = &c->locals[0];
    c->peer.numbers = figured_numbers;
    c->peer.emitted_max = EMITTED_MAX;
    set_up_play(c, how);
    c->peer.config = (struct sessions_config){
        .script = play_script(),
        .base = {.remote = {address_from_v4(there), how & 0x80 ? 0 : 80},
                 .upper = {NULL, how & 0x02 ? &c->upper : NULL},
                 .iss = scripted_start(numbers),
                 .other_local = c->locals[1],
                 .like = syn_like_at(0),
                 .mss = 1460,
                 .win = numbers & 0x10 ? 500 : 64240,
                 .ttl = 64,
                 .timestamps = how & 0x40,
                 .tries = 3},
        .locals = c->locals,
        .sessions = 1,
        .states = c->states,
        .repeatable = true,
        .fixed_isn = true,
        .deadline_after_ns = deadlines[numbers >> 5 & 3],
        .observer = &c->observer,
    };
    tcb_init(&c->peer.host, scripted_start(numbers >> 2), 65535, how & 0x40, false, 0);
    if (!(numbers & 0x80))
        (void)tcb_call(&c->peer.host, CALL_LISTEN);
}

static void act(struct scene *c)
{
    struct fault fault;
    int64_t end = c->peer.config.deadline_after_ns;
    if (end != CLOCK_NEVER)
        end += SCRIPTED_START + GRACE;
    const struct link link = {put, c};
    fuzz_require(sessions_init(&c->peer.run, &c->peer.config, &c->timeline, &fault) == STATUS_OK);
    fuzz_require(talks_start(&c->peer.run.talks, link, SCRIPTED_START, &fault) == STATUS_OK);
    for (; !talks_over(&c->peer.run.talks) && c->moments < MOMENTS_MAX; c->moments++) {
        keep_to_the_figure(c);
        fuzz_require(sim_run(c->peer.sim, &c->peer.run.talks, 1, &fault) == STATUS_OK);
        fuzz_require(talks_over(&c->peer.run.talks) || sim_now(c->peer.sim) - c->slept_ns < end);
        if (!talks_over(&c->peer.run.talks))
            moment(c);
    }
    if (!talks_over(&c->peer.run.talks))
        fuzz_require(talks_stop(&c->peer.run.talks, sim_now(c->peer.sim), &fault) == STATUS_OK);
    fuzz_require(sim_run(c->peer.sim, &c->peer.run.talks, GRACE, &fault) == STATUS_OK);
    fuzz_require(talks_over(&c->peer.run.talks));
}

static void nothing_follows(struct scene *c)
{
    struct fault fault;
    const uint32_t last = c->record.last_id;
    const int64_t now = sim_now(c->peer.sim) + CLOCK_MIN;
    fuzz_require(talks_packet(&c->peer.run.talks, c->packet, c->packet_len, now, &fault) ==
                 STATUS_OK);
    fuzz_require(talks_tick(&c->peer.run.talks, now, &fault) == STATUS_OK);
    fuzz_require(talks_stop(&c->peer.run.talks, now, &fault) == STATUS_OK);
    fuzz_require(talks_deadline(&c->peer.run.talks) == CLOCK_NEVER && c->record.last_id == last);
}

static void check_counts(const struct scene *c)
{
    unsigned told =
        c->told[EVENT_LINE_OK] + c->told[EVENT_LINE_DEVIATES] + c->told[EVENT_LINE_UNKNOWN];
    fuzz_require(c->record.verdicts == 1 && c->record.summaries == 1);
    fuzz_require(c->record.sent <= FREE_SEGMENTS + told + c->record.received);
    unsigned happened =
        c->record.sent + c->peer.emitted + c->moments + told + c->told[EVENT_LINE_NOT_REACHED];
    fuzz_require(c->record.last_id <= 100 + 12 * happened);
}

static void play_with_a_peer(struct scene *c)
{
    const struct sim_peer peer = {hears, scripted_loses, &c->peer};
    c->peer.sim = sim_new(&peer, SCRIPTED_START, 5 * CLOCK_MS);
    fuzz_require(c->peer.sim != NULL);
    c->wire = sim_link(c->peer.sim);
    act(c);
    nothing_follows(c);
    check_counts(c);
    sessions_done(&c->peer.run);
    sim_free(c->peer.sim);
}

/* ===== Neither end is ours ===== */

/* --- The wire --- */

/* FNV-1a, with the end in front. */
static uint64_t name_of(enum end from, const uint8_t *ip, size_t n)
{
    uint64_t h = (UINT64_C(14695981039346656037) ^ (uint64_t)from) * UINT64_C(1099511628211);
    for (size_t i = 0; i < n; i++)
        h = (h ^ ip[i]) * UINT64_C(1099511628211);
    return h;
}

static bool came_out(const struct scene *c, uint64_t name)
{
    for (size_t i = 0; i < c->came_count; i++) {
        if (c->came[i] == name)
            return true;
    }
    return false;
}

static void enqueue(struct scene *c, enum end end, bool arrives, const uint8_t *ip, size_t n)
{
    if (c->queued == QUEUE_MAX || n > PACKET_MAX)
        return;
    struct packet *p = &c->queue[c->queued++];
    p->end = end;
    p->arrives = arrives;
    p->n = n;
    memcpy(p->ip, ip, n);
}

static enum status pass_on(void *arg, enum end to, const uint8_t *ip, size_t n, struct fault *fault)
{
    struct scene *c = arg;
    (void)fault;
    fuzz_require(came_out(c, name_of(end_other(to), ip, n)));
    c->passed++;
    enqueue(c, to, true, ip, n);
    return STATUS_OK;
}

/* Out of an end, onto the wire. */
static void come(struct scene *c, enum end from, const uint8_t *ip, size_t n)
{
    if (c->came_count == CAME_MAX || c->pair.finished)
        return;
    c->came[c->came_count++] = name_of(from, ip, n);
    if (n <= PACKET_MAX) {
        c->last[from].n = n;
        memcpy(c->last[from].ip, ip, n);
    }
    /* In a block of its size, so that a read beyond is seen. */
    uint8_t *exact = malloc(n > 0 ? n : 1);
    fuzz_require(exact != NULL);
    if (n > 0)
        memcpy(exact, ip, n);
    talk_packet(&c->pair, from, exact, n, c->now_ns);
    free(exact);
}

static size_t encode(struct scene *c, enum end from, const struct segment *seg, size_t len,
                     uint8_t *ip)
{
    static const uint8_t zeros[1000];
    struct segment out = *seg;
    struct fault fault;
    size_t n;
    out.src = c->between.at[from];
    out.dst = c->between.at[end_other(from)];
    len = len < sizeof(zeros) ? len : sizeof(zeros);
    if (craft_segment(c->craft, &out, zeros, len, ip, PACKET_MAX, &n, &fault) != STATUS_OK)
        return 0;
    return n;
}

static void come_segment(struct scene *c, enum end from, const struct segment *seg, size_t len)
{
    uint8_t ip[PACKET_MAX];
    size_t n = encode(c, from, seg, len, ip);
    if (n > 0)
        come(c, from, ip, n);
}

/* --- Textbook kernels --- */

static void kernel_says(struct fake_end *e, enum reply what, const struct segment *heard,
                        size_t len)
{
    struct segment out = {.ttl = 64};
    uint8_t ip[PACKET_MAX];
    tcb_fill(&e->tcb, what, heard, &out);
    size_t n = encode(e->scene, e->side, &out, len, ip);
    out.len = (uint32_t)len;
    tcb_left(&e->tcb, &out);
    enqueue(e->scene, e->side, false, ip, n);
}

static void kernel_begins(struct fake_end *e, bool passive)
{
    seq_t iss = seq_add(e->tcb.iss, e->tcb.iss.v != 0 ? 64000 : 1000 + 4000 * (uint32_t)e->side);
    tcb_init(&e->tcb, iss, 65535, false, false, 0);
    if (passive)
        (void)tcb_call(&e->tcb, CALL_LISTEN);
}

static void kernel_calls(struct fake_end *e, enum call call)
{
    enum reply what = tcb_call(&e->tcb, call).reply;
    if (what == REPLY_FIN || what == REPLY_RST_OWN || what == REPLY_SYN)
        kernel_says(e, what, NULL, 0);
    e->exists = e->tcb.state != STATE_CLOSED && e->tcb.state != STATE_LISTEN;
}

static void kernel_hears(struct fake_end *e, const struct segment *seg)
{
    if (!e->exists)
        kernel_begins(e, e->listens);
    struct arrival a = tcb_arrive(&e->tcb, seg);
    if (a.reply >= REPLY_SYN && a.reply <= REPLY_FIN)
        kernel_says(e, a.reply, seg, 0);
    e->exists = e->tcb.state != STATE_CLOSED && e->tcb.state != STATE_LISTEN;
}

/* --- The upper testers --- */

static enum status shut_kernel(struct fake_end *e, struct fault *fault)
{
    e->listens = false;
    return e->unwilling ? fault_set(fault, STATUS_SYSTEM, "it stays open") : STATUS_OK;
}

static enum status act_as_kernel(void *arg, const struct endpoint *other, enum call what,
                                 const void *data, size_t n, struct fault *fault)
{
    struct fake_end *e = arg;
    (void)other;
    fuzz_require(n == 0 || data != NULL);
    if (what == CALL_STOP_LISTENING)
        return shut_kernel(e, fault);
    if (e->unwilling)
        return fault_set(fault, STATUS_SYSTEM, "nobody is at home");
    if (what == CALL_LISTEN)
        e->listens = true;
    if (!(e->scene->manner & MANNER_TEXTBOOK))
        return STATUS_OK;
    if (what == CALL_CONNECT) {
        kernel_begins(e, false);
        kernel_calls(e, CALL_CONNECT);
    } else if (what == CALL_CLOSE) {
        kernel_calls(e, CALL_CLOSE);
    } else if (what == CALL_ABORT) {
        kernel_calls(e, CALL_ABORT);
    } else if (what == CALL_SEND) {
        kernel_says(e, REPLY_ACK, NULL, n);
    } else if (what == CALL_CRASH) {
        e->exists = false;
    }
    return STATUS_OK;
}

static enum status ask_kernel(void *arg, const struct endpoint *other, enum state *state,
                              struct fault *fault)
{
    const struct fake_end *e = arg;
    const struct scene *c = e->scene;
    (void)other;
    if (e->mute)
        return fault_set(fault, STATUS_SYSTEM, "the kernel does not answer");
    *state = e->exists ? e->tcb.state : e->listens ? STATE_LISTEN : STATE_CLOSED;
    if (e->lies)
        *state = e->says;
    else if (c->manner & MANNER_AS_FIGURED && c->play.phase == PLAY_HANDSHAKE)
        *state = STATE_ESTABLISHED;
    else if (c->manner & MANNER_AS_FIGURED && c->play.row.due[e->side] != STATE_SET_NONE)
        *state = first_of(c->play.row.due[e->side]);
    return STATUS_OK;
}

static void come_as_figured(struct scene *c, unsigned alternative)
{
    const struct figure_row *row = awaited(c, alternative);
    struct segment seg = {.ttl = 64, .win = 65535};
    if (row == NULL || !row->has_segment)
        return;
    seg.seq = seq_of(1000 + c->record.last_id * 64000);
    take_row(c, row, seg.seq, &seg);
    if (row->after_ns > 0 && c->now_ns < c->play.mark_ns + row->after_ns)
        c->now_ns = c->play.mark_ns + row->after_ns;
    come_segment(c, view_sender(row), &seg, octets_of(row));
}

/* --- Steps between kernels --- */

/* A number near one that matters. */
static seq_t near_on_wire(struct scripted_reader *r, const struct scene *c)
{
    const struct tcb *a = &c->end[END_A].tcb, *b = &c->end[END_B].tcb;
    const seq_t bases[] = {a->snd_nxt,
                           a->rcv_nxt,
                           b->snd_nxt,
                           b->rcv_nxt,
                           c->play.row.seg.seq,
                           c->play.row.seg.ack,
                           c->play.ends.sent[END_A].nxt,
                           c->play.ends.sent[END_B].nxt};
    uint8_t choice = scripted_octet(r);
    if (choice >= 0xf0)
        return seq_of(scripted_far(r));
    return seq_add(bases[choice & 7], (uint32_t)scripted_octet(r) - 128);
}

static void odd_from(struct scene *c, enum end from)
{
    struct scripted_reader *r = &c->peer.script;
    uint8_t how = scripted_octet(r);
    struct segment seg = {.ttl = 64, .win = 65535, .flags = scripted_octet(r)};
    seg.seq = near_on_wire(r, c);
    seg.ack = near_on_wire(r, c);
    if (how & 0x01)
        seg.checksum = SEGMENT_CHECKSUM_BAD;
    size_t len = how & 0x02 ? scripted_octet(r) * 4u : 0;
    for (unsigned times = how & 0x04 ? scripted_octet(r) : 1; times > 0; times--) {
        come_segment(c, from, &seg, len);
        if (how & 0x08)
            seg.seq = seq_add(seg.seq, 1);
    }
}

static void raw_from(struct scene *c, enum end from)
{
    struct scripted_reader *r = &c->peer.script;
    size_t n;
    const uint8_t *octets = scripted_octets(r, &n);
    come(c, from, octets, n);
}

static void lose_on_wire(struct scene *c)
{
    /* The row that the walk is at may have been judged already. */
    if (c->lost == 0)
        c->excused = 1;
    c->lost += 1u + scripted_octet(&c->peer.script);
    talk_lost_packets(&c->pair, c->lost);
}

static void tell_wire_progress(struct scene *c)
{
    char text[120];
    memset(text, 'x', sizeof(text));
    play_script()->progress(&c->pair, c->now_ns, text, sizeof(text));
    fuzz_require(memchr(text, '\0', sizeof(text)) != NULL);
}

/* To the next thing that we wait for. */
static void let_time_pass(struct scene *c)
{
    int64_t at = talk_deadline(&c->pair);
    fuzz_require(at != CLOCK_NEVER);
    c->now_ns = at > c->now_ns ? at : c->now_ns;
    talk_tick(&c->pair, c->now_ns);
}

static bool deliver(struct scene *c)
{
    struct segment seg;
    struct fault fault;
    if (c->queued == 0)
        return false;
    struct packet next = c->queue[0];
    memmove(&c->queue[0], &c->queue[1], --c->queued * sizeof(c->queue[0]));
    if (!next.arrives)
        come(c, next.end, next.ip, next.n);
    else if (c->manner & MANNER_TEXTBOOK &&
             segment_decode(&seg, next.ip, next.n, &fault) == STATUS_OK &&
             endpoint_equal(&seg.dst, &c->between.at[next.end]) &&
             endpoint_equal(&seg.src, &c->between.at[end_other(next.end)]))
        kernel_hears(&c->end[next.end], &seg);
    return true;
}

static void set_end(struct scene *c, struct fake_end *e)
{
    uint8_t how = scripted_octet(&c->peer.script);
    e->mute = (how & 0x0f) == 0x0f;
    e->unwilling = how & 0x10;
    e->lies = how & 0x20;
    e->says = (enum state)((how & 0x0f) % STATE_COUNT);
}

static void wire_step(struct scene *c)
{
    uint8_t what = scripted_octet(&c->peer.script);
    enum end end = what & 0x10 ? END_B : END_A;
    switch (what & 0x0f) {
    case 0:
        let_time_pass(c);
        break;
    case 1:
        c->now_ns += scripted_octet(&c->peer.script) * 8 * CLOCK_MS;
        talk_tick(&c->pair, c->now_ns);
        break;
    case 2:
        come_as_figured(c, what >> 5);
        break;
    case 3:
        odd_from(c, end);
        break;
    case 4:
        raw_from(c, end);
        break;
    case 5: /* the same again */
        if (c->last[end].n > 0)
            come(c, end, c->last[end].ip, c->last[end].n);
        break;
    case 6:
        set_end(c, &c->end[end]);
        break;
    case 7:
        lose_on_wire(c);
        break;
    case 8:
        if (scripted_octet(&c->peer.script) >= 0x80)
            talk_stop(&c->pair, SCRIPT_STOP_INTERRUPT, c->now_ns);
        break;
    case 9:
        kernel_calls(&c->end[end], what & 0x20 ? CALL_CLOSE : CALL_ABORT);
        break;
    case 10:
        tell_wire_progress(c);
        break;
    default:
        (void)deliver(c);
        break;
    }
}

/* --- The run --- */

static void set_up_wire(struct scene *c, uint8_t how)
{
    static const uint8_t octets[ENDS][4] = {{192, 0, 2, 1}, {192, 0, 2, 2}};
    static const int64_t deadlines[] = {CLOCK_NEVER, 2 * CLOCK_S, 40 * CLOCK_S, 5 * CLOCK_MIN};
    c->now_ns = SCRIPTED_START;
    c->manner = how & (MANNER_TEXTBOOK | MANNER_AS_FIGURED);
    for (enum end e = END_A; e <= END_B; e++) {
        c->end[e] = (struct fake_end){.scene = c, .side = e, .listens = e == END_B};
        c->end[e].tcb.iss = scripted_start(how >> 4);
        c->applications[e] =
            (struct upper){.call = act_as_kernel, .state = ask_kernel, .arg = &c->end[e]};
        c->between.at[e] = (struct endpoint){address_from_v4(octets[e]), e == END_A ? 40000 : 80};
        c->between.upper[e] = &c->applications[e];
    }
    c->between.session = 1;
    c->between.deadline_ns = deadlines[how >> 6];
    if (c->between.deadline_ns != CLOCK_NEVER)
        c->between.deadline_ns += SCRIPTED_START;
    c->between.pass = pass_on;
    c->between.arg = c;
    c->play =
        (struct play){.figure = &c->figure, .reply_wait_ns = 2 * CLOCK_S, .keep_going = how & 0x04};
}

/* After the script, as the manner has it: what is on its way, what is awaited, time. */
static void go_on(struct scene *c)
{
    if (deliver(c))
        return;
    if (is_to_be_answered(c))
        come_as_figured(c, 0);
    else
        let_time_pass(c);
}

static void check_bounds(const struct scene *c)
{
    fuzz_require(c->play.held_count <= PLAY_HELD_MAX);
    for (enum end e = END_A; e <= END_B; e++)
        fuzz_require(c->play.inbox[e].count <= INBOX_MAX);
    /* A packet goes on once, and once more for each row that lets it go or copies it. */
    unsigned told =
        c->told[EVENT_LINE_OK] + c->told[EVENT_LINE_DEVIATES] + c->told[EVENT_LINE_UNKNOWN];
    fuzz_require(c->passed <= c->came_count + told + 1);
    fuzz_require(c->pair.finished || talk_deadline(&c->pair) != CLOCK_NEVER);
}

static void act_between(struct scene *c)
{
    talk_init(&c->pair, &c->between, play_script(), &c->play, &c->timeline, c->now_ns);
    for (; !c->pair.finished && c->peer.script.left > 0 && c->moments < WIRE_MOMENTS_MAX;
         c->moments++) {
        wire_step(c);
        check_bounds(c);
    }
    unsigned longest = c->moments + WIRE_MOMENTS_MAX * 100; /* (2 MSL) is asked after for minutes */
    for (; !c->pair.finished; c->moments++) {
        fuzz_require(c->moments < longest);
        go_on(c);
        check_bounds(c);
    }
    talk_verdict(&c->pair);
}

static void nothing_more(struct scene *c)
{
    const uint32_t last = c->record.last_id;
    const unsigned passed = c->passed;
    talk_stop(&c->pair, SCRIPT_STOP_INTERRUPT, c->now_ns);
    fuzz_require(c->record.last_id == last && c->passed == passed);
}

static void play_between_kernels(struct scene *c)
{
    struct fault fault;
    c->craft = craft_new(&fault);
    fuzz_require(c->craft != NULL);
    act_between(c);
    nothing_more(c);
    fuzz_require(c->record.verdicts == 1);
    craft_free(c->craft);
}

/* ===== The whole ===== */

/* Every row but those of alternatives. */
static void all_is_told(const struct scene *c)
{
    const struct figure_item *items = c->figure.items;
    for (size_t i = 0; i < c->figure.count; i++) {
        while (items[i].kind == FIGURE_EITHER || items[i].kind == FIGURE_OR)
            i = items[i].to;
        fuzz_require(items[i].kind != FIGURE_ROW || c->rounds[i] > 0);
    }
}

static void play(struct scene *c, bool between)
{
    struct fault fault;
    c->record.event = check_event;
    scripted_record(&c->record, &c->timeline);
    if (between)
        play_between_kernels(c);
    else
        play_with_a_peer(c);
    all_is_told(c);
    fuzz_require(timeline_close(&c->timeline, &fault) == STATUS_OK);
    play_done(&c->play);
}

static void read_and_play(struct scene *c)
{
    struct fault fault;
    bool between = scripted_octet(&c->peer.script) & 1;
    uint8_t how = scripted_octet(&c->peer.script);
    if (between)
        set_up_wire(c, how);
    else
        set_up(c, how, scripted_octet(&c->peer.script));
    if ((between ? figure_check_between(&c->figure, &fault)
                 : figure_check(&c->figure, c->play.us, &fault)) == STATUS_OK)
        play(c, between);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const uint8_t *nul = n > 0 ? memchr(data, '\0', n) : NULL;
    struct scene *c = calloc(1, sizeof(*c));
    struct fault fault;
    fuzz_require(c != NULL);
    size_t figure = nul != NULL ? (size_t)(nul - data) : n;
    if (figure_parse(&c->figure, "fuzz", (const char *)data, figure, &fault) == STATUS_OK) {
        if (nul != NULL)
            c->peer.script = (struct scripted_reader){nul + 1, n - figure - 1};
        read_and_play(c);
        figure_done(&c->figure);
    }
    free(c);
    return 0;
}
