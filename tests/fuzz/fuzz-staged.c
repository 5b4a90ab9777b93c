/* A figure staged between two kernels that the input scripts. Whatever is in the figure, whatever
 * comes out of either end and whatever the kernels say: the walk ends, every line is told and once
 * a round, the verdict is what the lines say, what the capture may have missed is held against
 * nobody, and nothing is passed on that did not come out of the other end.
 *
 * The input is the figure up to a NUL, then an octet that chooses the run, then steps. When there
 * are no more, the kernels do as the run's manner says. */
#include "fuzz.h"

#include <string.h>

#include "base/clock.h"
#include "figure/check.h"
#include "figure/parse.h"
#include "measure/play/play.h"
#include "wire/craft.h"

enum {
    MOMENTS_MAX = 6000, /* of the script, and then of the rest */
    PACKET_MAX = 1500,
    CAME_MAX = 4096,
    QUEUE_MAX = 64,
};

#define START (1700000000 * CLOCK_S)

/* Of the kernels when the script is silent, as bits. */
enum manner {
    MANNER_TEXTBOOK = 0x01,
    MANNER_AS_FIGURED = 0x02,
};

struct reader {
    const uint8_t *data;
    size_t left;
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
    struct sink sink;
    struct timeline timeline;
    struct talk pair;
    struct talk_config config;
    struct upper upper[ENDS];
    struct fake_end end[ENDS];
    struct figure figure;
    struct play staged;
    struct craft *craft;
    struct reader script;
    unsigned manner;
    int64_t now_ns;
    uint64_t lost;
    unsigned excused; /* lines that were judged before the loss and are told behind it */
    size_t answered_item;
    unsigned answered_round;

    struct packet queue[QUEUE_MAX]; /* of textbook kernels */
    size_t queued;
    struct packet last[ENDS]; /* that came out of an end */
    uint64_t came[CAME_MAX];  /* what came out of the ends, as hashes */
    size_t came_count;
    unsigned passed;

    uint32_t last_id;
    unsigned verdicts, moments;
    unsigned told[4], deviating_alternatives;
    unsigned rounds[FIGURE_ITEMS_MAX]; /* in how many the row has been told */
};

static uint8_t octet(struct reader *r)
{
    if (r->left == 0)
        return 0;
    r->left--;
    return *r->data++;
}

static uint32_t word(struct reader *r)
{
    uint32_t w = 0;
    for (int i = 0; i < 4; i++)
        w = w << 8 | octet(r);
    return w;
}

/* --- The record --- */

static enum status sink_open(struct sink *s, const struct run_info *run, struct fault *fault)
{
    (void)s;
    (void)run;
    (void)fault;
    return STATUS_OK;
}

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
    fuzz_require(c->rounds[item] <= c->staged.round); /* else this is the second time */
    fuzz_require(l->status != EVENT_LINE_NOT_REACHED || may_be_told(c, item));
    c->rounds[item] = c->staged.round + 1;
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
    const json_t *lines = json_object_get(r->fields, "lines");
    const char *verdict = json_string_value(json_object_get(r->fields, "verdict"));
    const unsigned *told = c->told;
    fuzz_require(verdict != NULL);
    bool deviates = strcmp(verdict, "deviates") == 0, unknown = strcmp(verdict, "unknown") == 0;
    fuzz_require(count_of(lines, "ok") == told[EVENT_LINE_OK]);
    fuzz_require(count_of(lines, "deviates") == told[EVENT_LINE_DEVIATES]);
    fuzz_require(count_of(lines, "unknown") == told[EVENT_LINE_UNKNOWN]);
    fuzz_require(count_of(lines, "not_reached") == told[EVENT_LINE_NOT_REACHED]);
    fuzz_require(!told[EVENT_LINE_DEVIATES] || deviates);
    fuzz_require(!deviates || told[EVENT_LINE_DEVIATES] || c->deviating_alternatives);
    fuzz_require(!(told[EVENT_LINE_UNKNOWN] || told[EVENT_LINE_NOT_REACHED]) || deviates ||
                 unknown);
    fuzz_require(r->exit_code == (deviates ? 1 : unknown ? 3 : 0));
}

static enum status sink_event(struct sink *s, const struct event *e, struct fault *fault)
{
    struct scene *c = (struct scene *)s;
    (void)fault;
    fuzz_require(e->id == c->last_id + 1 && e->cause < e->id);
    c->last_id = e->id;
    c->verdicts += e->kind == EVENT_VERDICT;
    if (e->kind == EVENT_LINE)
        check_line(c, e->line);
    else if (e->kind == EVENT_VERDICT)
        check_verdict(c, e->result);
    return STATUS_OK;
}

static enum status sink_close(struct sink *s, struct fault *fault)
{
    (void)s;
    (void)fault;
    return STATUS_OK;
}

static void sink_free(struct sink *s)
{
    (void)s;
}

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

static enum status pass(void *arg, enum end to, const uint8_t *ip, size_t n, struct fault *fault)
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
    out.src = c->config.at[from];
    out.dst = c->config.at[end_other(from)];
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

static enum status stop_listening(struct fake_end *e, struct fault *fault)
{
    e->listens = false;
    return e->unwilling ? fault_set(fault, STATUS_SYSTEM, "it stays open") : STATUS_OK;
}

static enum status let_act(void *arg, const struct endpoint *other, enum call what,
                           const void *data, size_t n, struct fault *fault)
{
    struct fake_end *e = arg;
    (void)other;
    fuzz_require(n == 0 || data != NULL);
    if (what == CALL_STOP_LISTENING)
        return stop_listening(e, fault);
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

static enum state first_of(state_set set)
{
    enum state s = STATE_CLOSED;
    while (s + 1 < STATE_COUNT && !state_set_has(set, s))
        s++;
    return s;
}

static enum status let_ask(void *arg, const struct endpoint *other, enum state *state,
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
    else if (c->manner & MANNER_AS_FIGURED && c->staged.phase == PLAY_HANDSHAKE)
        *state = STATE_ESTABLISHED;
    else if (c->manner & MANNER_AS_FIGURED && c->staged.row.due[e->side] != STATE_SET_NONE)
        *state = first_of(c->staged.row.due[e->side]);
    return STATUS_OK;
}

/* --- What the figure wants --- */

/* The row that is waited for; of alternatives the one of that number. */
static const struct figure_row *awaited(const struct scene *c, unsigned number)
{
    const struct play *s = &c->staged;
    const struct figure_item *items = c->figure.items;
    if (s->phase != PLAY_AWAIT)
        return NULL;
    if (!s->choosing)
        return s->row.row;
    size_t i = s->choice;
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

static void as_figured(struct scene *c, unsigned alternative)
{
    const struct figure_row *row = awaited(c, alternative);
    struct bind bind = c->staged.bind;
    struct segment seg = {.ttl = 64, .win = 65535};
    if (row == NULL || !row->has_segment)
        return;
    const struct figure_segment *f = &row->segment;
    enum end from = view_sender(row);
    seg.flags = f->has_flags ? f->flags : FLAG_ACK;
    seg.seq = seq_of(1000 + c->last_id * 64000);
    if (seg.flags & FLAG_SYN)
        bind_syn(&bind, from, &f->seq);
    take_number(&bind, from, &f->seq, &seg.seq);
    take_number(&bind, end_other(from), &f->ack, &seg.ack);
    if (bind_is_absolute(f))
        seg.seq = seq_of(0);
    seg.win = f->has_win ? f->win : seg.win;
    seg.ttl = f->has_ttl ? f->ttl : seg.ttl;
    seg.urg = f->urg;
    if (row->after_ns > 0 && c->now_ns < c->staged.mark_ns + row->after_ns)
        c->now_ns = c->staged.mark_ns + row->after_ns;
    come_segment(c, from, &seg, f->has_len ? f->len : f->has_data ? 1 : 0);
}

/* Once for each row. */
static bool keep_to_the_figure(struct scene *c)
{
    const struct play *s = &c->staged;
    if (!(c->manner & MANNER_AS_FIGURED) || s->phase != PLAY_AWAIT ||
        (c->answered_item == s->row.item + 1 && c->answered_round == s->round + 1))
        return false;
    c->answered_item = s->row.item + 1;
    c->answered_round = s->round + 1;
    as_figured(c, 0);
    return true;
}

/* --- Steps --- */

/* A number near one that matters. */
static seq_t near(struct reader *r, const struct scene *c)
{
    const struct tcb *a = &c->end[END_A].tcb, *b = &c->end[END_B].tcb;
    const seq_t bases[] = {a->snd_nxt,
                           a->rcv_nxt,
                           b->snd_nxt,
                           b->rcv_nxt,
                           c->staged.row.seg.seq,
                           c->staged.row.seg.ack,
                           c->staged.ends.sent[END_A].nxt,
                           c->staged.ends.sent[END_B].nxt};
    uint8_t choice = octet(r);
    if (choice >= 0xf0)
        return seq_of(word(r));
    return seq_add(bases[choice & 7], (uint32_t)octet(r) - 128);
}

static void odd_segment(struct scene *c, enum end from)
{
    struct reader *r = &c->script;
    uint8_t how = octet(r);
    struct segment seg = {.ttl = 64, .win = 65535, .flags = octet(r)};
    seg.seq = near(r, c);
    seg.ack = near(r, c);
    if (how & 0x01)
        seg.checksum = SEGMENT_CHECKSUM_BAD;
    size_t len = how & 0x02 ? octet(r) * 4u : 0;
    for (unsigned times = how & 0x04 ? octet(r) : 1; times > 0; times--) {
        come_segment(c, from, &seg, len);
        if (how & 0x08)
            seg.seq = seq_add(seg.seq, 1);
    }
}

static void raw_packet(struct scene *c, enum end from)
{
    struct reader *r = &c->script;
    size_t n = octet(r);
    n = n < r->left ? n : r->left;
    come(c, from, r->data, n);
    r->data += n;
    r->left -= n;
}

static void lose_packets(struct scene *c)
{
    /* The row that the walk is at may have been judged already. */
    if (c->lost == 0)
        c->excused = 1;
    c->lost += 1u + octet(&c->script);
    talk_lost_packets(&c->pair, c->lost);
}

static void tell_progress(struct scene *c)
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
             endpoint_equal(&seg.dst, &c->config.at[next.end]) &&
             endpoint_equal(&seg.src, &c->config.at[end_other(next.end)]))
        kernel_hears(&c->end[next.end], &seg);
    return true;
}

static void set_end(struct scene *c, struct fake_end *e)
{
    uint8_t how = octet(&c->script);
    e->mute = (how & 0x0f) == 0x0f;
    e->unwilling = how & 0x10;
    e->lies = how & 0x20;
    e->says = (enum state)((how & 0x0f) % STATE_COUNT);
}

static void step(struct scene *c)
{
    uint8_t what = octet(&c->script);
    enum end end = what & 0x10 ? END_B : END_A;
    switch (what & 0x0f) {
    case 0:
        let_time_pass(c);
        break;
    case 1:
        c->now_ns += octet(&c->script) * 8 * CLOCK_MS;
        talk_tick(&c->pair, c->now_ns);
        break;
    case 2:
        as_figured(c, what >> 5);
        break;
    case 3:
        odd_segment(c, end);
        break;
    case 4:
        raw_packet(c, end);
        break;
    case 5: /* the same again */
        if (c->last[end].n > 0)
            come(c, end, c->last[end].ip, c->last[end].n);
        break;
    case 6:
        set_end(c, &c->end[end]);
        break;
    case 7:
        lose_packets(c);
        break;
    case 8:
        if (octet(&c->script) >= 0x80)
            talk_stop(&c->pair, SCRIPT_STOP_INTERRUPT, c->now_ns);
        break;
    case 9:
        kernel_calls(&c->end[end], what & 0x20 ? CALL_CLOSE : CALL_ABORT);
        break;
    case 10:
        tell_progress(c);
        break;
    default:
        (void)deliver(c);
        break;
    }
}

/* --- The run --- */

static void set_up(struct scene *c, uint8_t how)
{
    static const struct sink_ops ops = {"fuzz", true, sink_open, sink_event, sink_close, sink_free};
    static const uint8_t octets[ENDS][4] = {{192, 0, 2, 1}, {192, 0, 2, 2}};
    static const uint32_t starts[] = {1000, 0xffffffff, 0xfffffff0, 0x7fffffff};
    static const int64_t deadlines[] = {CLOCK_NEVER, 2 * CLOCK_S, 40 * CLOCK_S, 5 * CLOCK_MIN};
    c->sink.ops = &ops;
    c->now_ns = START;
    c->manner = how & (MANNER_TEXTBOOK | MANNER_AS_FIGURED);
    for (enum end e = END_A; e <= END_B; e++) {
        c->end[e] = (struct fake_end){.scene = c, .side = e, .listens = e == END_B};
        c->end[e].tcb.iss = seq_of(starts[how >> 4 & 3]);
        c->upper[e] = (struct upper){.call = let_act, .state = let_ask, .arg = &c->end[e]};
        c->config.at[e] = (struct endpoint){address_from_v4(octets[e]), e == END_A ? 40000 : 80};
        c->config.upper[e] = &c->upper[e];
    }
    c->config.session = 1;
    c->config.deadline_ns = deadlines[how >> 6];
    if (c->config.deadline_ns != CLOCK_NEVER)
        c->config.deadline_ns += START;
    c->config.pass = pass;
    c->config.arg = c;
    c->staged =
        (struct play){.figure = &c->figure, .reply_wait_ns = 2 * CLOCK_S, .keep_going = how & 0x04};
}

/* After the script, as the manner has it: what is on its way, what is awaited, time. */
static void go_on(struct scene *c)
{
    if (!deliver(c) && !keep_to_the_figure(c))
        let_time_pass(c);
}

static void check_bounds(const struct scene *c)
{
    fuzz_require(c->staged.held_count <= PLAY_HELD_MAX);
    for (enum end e = END_A; e <= END_B; e++)
        fuzz_require(c->staged.inbox[e].count <= SEG_QUEUE_MAX);
    /* A packet goes on once, and once more for each row that lets it go or copies it. */
    unsigned told =
        c->told[EVENT_LINE_OK] + c->told[EVENT_LINE_DEVIATES] + c->told[EVENT_LINE_UNKNOWN];
    fuzz_require(c->passed <= c->came_count + told + 1);
    fuzz_require(c->pair.finished || talk_deadline(&c->pair) != CLOCK_NEVER);
}

static void act(struct scene *c)
{
    talk_init(&c->pair, &c->config, play_script(), &c->staged, &c->timeline, c->now_ns);
    for (; !c->pair.finished && c->script.left > 0 && c->moments < MOMENTS_MAX; c->moments++) {
        step(c);
        check_bounds(c);
    }
    unsigned longest = c->moments + MOMENTS_MAX * 100; /* (2 MSL) is asked after for minutes */
    for (; !c->pair.finished; c->moments++) {
        fuzz_require(c->moments < longest);
        go_on(c);
        check_bounds(c);
    }
    talk_verdict(&c->pair);
}

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

static void nothing_follows(struct scene *c)
{
    const uint32_t last = c->last_id;
    const unsigned passed = c->passed;
    talk_stop(&c->pair, SCRIPT_STOP_INTERRUPT, c->now_ns);
    fuzz_require(c->last_id == last && c->passed == passed);
}

static void stage(struct scene *c)
{
    static const struct run_info info = {.command = "fuzz"};
    struct fault fault;
    c->craft = craft_new(&fault);
    fuzz_require(c->craft != NULL);
    timeline_init(&c->timeline);
    fuzz_require(timeline_add_sink(&c->timeline, &c->sink, &fault) == STATUS_OK);
    fuzz_require(timeline_open(&c->timeline, &info, &fault) == STATUS_OK);
    act(c);
    nothing_follows(c);
    all_is_told(c);
    fuzz_require(c->verdicts == 1);
    fuzz_require(timeline_close(&c->timeline, &fault) == STATUS_OK);
    play_done(&c->staged);
    craft_free(c->craft);
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
            c->script = (struct reader){nul + 1, n - figure - 1};
        set_up(c, octet(&c->script));
        if (figure_check_between(&c->figure, &fault) == STATUS_OK)
            stage(c);
        figure_done(&c->figure);
    }
    free(c);
    return 0;
}
