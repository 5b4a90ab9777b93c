/* The story of a listener's queues against a listener that is only imagined, on a clock that is
 * only counted: with the manners of Linux it shows the four faces, with others it is said what is
 * missing. */
#include "../keys.h"
#include "../unit/unit.h"
#include "../world/witness.h"

#include "base/clock.h"
#include "measure/backlog/backlog.h"
#include "event/result.h"
#include "wire/segment.h"

#define START   (1700000000 * CLOCK_S)
#define ONE_WAY (20 * CLOCK_US)

enum {
    FIRST_PORT = 40000,
    PENDING_MAX = 512,
    PACKET_MAX = 128,
    STEPS_MAX = 20000,
    RESULTS_MAX = 200,
    IRS = 900000
};

/* What the listener knows of one caller. */
struct slot {
    enum {
        NOTHING,
        HALF_OPEN,
        WAITS_FOR_ACCEPT,
        ACCEPTED
    } state;
    uint32_t iss, irs;
    bool acked;
    unsigned resends;
    int64_t resend_at;
};

struct packet {
    bool ours;
    int64_t t_ns;
    size_t n;
    uint8_t data[PACKET_MAX];
};

struct stage {
    struct witness witness; /* first */
    struct timeline timeline;
    struct backlog story;
    bool begun;
    struct backlog_config config;
    struct craft *craft;
    int64_t now;
    struct packet pending[PENDING_MAX];
    size_t pending_count;
    /* The listener. */
    struct slot slots[BACKLOG_PORTS];
    bool cookies, aborts, accepts, listening;
    uint32_t backlog, overflows;
    /* Its manners, and a world that is none of its making. */
    bool never_full, mute, deaf_to_settings, stays_shut, dumb_after_syn;
    /* What was told. */
    json_t *results[RESULTS_MAX], *summary;
    size_t result_count;
    size_t segments, crowd_segments;
};

/* --- The record --- */

static enum status keep(struct sink *s, const struct event *e, struct fault *fault)
{
    struct stage *st = (struct stage *)s;
    (void)fault;
    if (e->kind == EVENT_VERDICT) {
        assert_true(st->result_count < RESULTS_MAX);
        st->results[st->result_count++] = keys_of(e->result);
    } else if (e->kind == EVENT_SUMMARY) {
        st->summary = keys_of(e->result);
    } else if (e->kind == EVENT_SENT || e->kind == EVENT_RECEIVED) {
        st->segments++;
        st->crowd_segments += e->crowd;
        assert_true(e->segment.seg.raw_len > 0);
    }
    return STATUS_OK;
}

/* --- The wire --- */

static struct packet *put(struct stage *st, bool ours, int64_t t_ns)
{
    assert_true(st->pending_count < PENDING_MAX);
    struct packet *p = &st->pending[st->pending_count++];
    *p = (struct packet){.ours = ours, .t_ns = t_ns};
    return p;
}

static enum status send_packet(void *arg, const uint8_t *ip, size_t n, struct fault *fault)
{
    struct stage *st = arg;
    (void)fault;
    assert_true(n <= PACKET_MAX);
    struct packet *p = put(st, true, st->now + CLOCK_US);
    p->n = n;
    memcpy(p->data, ip, n);
    return STATUS_OK;
}

static void says(struct stage *st, size_t i, uint32_t seq, uint32_t ack, unsigned flags)
{
    struct segment seg = {.src = st->config.base.remote,
                          .dst = st->config.base.local,
                          .ip_version = 4,
                          .ttl = 64,
                          .df = true,
                          .seq = seq_of(seq),
                          .ack = seq_of(ack),
                          .flags = (uint16_t)flags,
                          .win = 65535};
    struct fault fault;
    seg.dst.port = (uint16_t)(FIRST_PORT + i);
    struct packet *p = put(st, false, st->now + ONE_WAY);
    assert_int_equal(
        craft_segment(st->craft, &seg, NULL, 0, p->data, sizeof(p->data), &p->n, &fault),
        STATUS_OK);
}

/* --- The listener: what Linux does (tcp(7), listen(2)) --- */

static uint32_t count(const struct stage *st, int state)
{
    uint32_t n = 0;
    for (size_t i = 0; i < BACKLOG_PORTS; i++)
        n += (int)st->slots[i].state == state;
    return n;
}

static bool full(const struct stage *st)
{
    return !st->never_full && !st->accepts && count(st, WAITS_FOR_ACCEPT) > st->backlog;
}

static void answer_syn(struct stage *st, size_t i, const struct segment *seg)
{
    struct slot *slot = &st->slots[i];
    bool crowded = count(st, HALF_OPEN) > st->backlog;
    if (st->mute || (crowded && !st->cookies) || full(st)) {
        st->overflows += full(st);
        return;
    }
    slot->iss = IRS + (uint32_t)i;
    slot->irs = seg->seq.v;
    if (slot->state == NOTHING && !crowded) {
        slot->state = HALF_OPEN;
        slot->resend_at = st->now + CLOCK_S;
        slot->resends = 0;
    }
    says(st, i, slot->iss, slot->irs + 1, FLAG_SYN | FLAG_ACK);
}

static void answer_ack(struct stage *st, size_t i, const struct segment *seg)
{
    struct slot *slot = &st->slots[i];
    bool known = slot->state == HALF_OPEN;
    bool ours = seq_eq(seg->ack, seq_of(slot->iss + 1)) && (known || st->cookies);
    if (slot->state == NOTHING && !ours)
        return;
    if (slot->state == NOTHING || known) {
        if (full(st)) {
            st->overflows++;
            if (known && st->aborts) {
                says(st, i, seg->ack.v, 0, FLAG_RST);
                slot->state = NOTHING;
            }
            return;
        }
        slot->state = st->accepts ? ACCEPTED : WAITS_FOR_ACCEPT;
    }
    if (seg->len > 0)
        says(st, i, slot->iss + 1, seg->seq.v + seg->len, FLAG_ACK);
}

static void hears(struct stage *st, const struct packet *p)
{
    struct segment seg;
    assert_int_equal(segment_decode(&seg, p->data, p->n, NULL), STATUS_OK);
    size_t i = (size_t)seg.src.port - FIRST_PORT;
    assert_true(i < BACKLOG_PORTS);
    if (seg.flags & FLAG_RST)
        st->slots[i].state = NOTHING;
    else if (!st->listening)
        return;
    else if (seg.flags & FLAG_SYN)
        answer_syn(st, i, &seg);
    else if (seg.flags & FLAG_ACK && !st->dumb_after_syn)
        answer_ack(st, i, &seg);
}

static void resend(struct stage *st)
{
    for (size_t i = 0; i < BACKLOG_PORTS; i++) {
        struct slot *slot = &st->slots[i];
        if (slot->state != HALF_OPEN || st->now < slot->resend_at)
            continue;
        if (st->dumb_after_syn) {
            slot->resend_at = CLOCK_NEVER;
            continue;
        }
        says(st, i, slot->iss, slot->irs + 1, FLAG_SYN | FLAG_ACK);
        slot->resends++;
        slot->resend_at = st->now + (CLOCK_S << slot->resends);
    }
}

/* --- The upper tester --- */

static void set(struct stage *st, const char *assignment)
{
    bool on = assignment[strlen(assignment) - 1] == '1';
    if (strncmp(assignment, "backlog=", 8) == 0)
        st->backlog = (uint32_t)strtoul(assignment + 8, NULL, 10);
    else if (strstr(assignment, "tcp_syncookies=") != NULL)
        st->cookies = on && !st->deaf_to_settings;
    else if (strstr(assignment, "tcp_abort_on_overflow=") != NULL)
        st->aborts = on && !st->deaf_to_settings;
    else
        fail_msg("%s", assignment);
}

static void accept_all(struct stage *st)
{
    if (st->stays_shut)
        return;
    st->accepts = true;
    for (size_t i = 0; i < BACKLOG_PORTS; i++) {
        if (st->slots[i].state == WAITS_FOR_ACCEPT)
            st->slots[i].state = ACCEPTED;
    }
}

static enum status call(void *arg, const struct endpoint *ours, enum call call, const void *data,
                        size_t n, struct fault *fault)
{
    struct stage *st = arg;
    (void)ours;
    (void)fault;
    if (call == CALL_SET) {
        assert_int_equal(strlen(data), n);
        set(st, data);
    } else if (call == CALL_STOP_LISTENING) {
        memset(st->slots, 0, sizeof(st->slots));
        st->listening = false;
    } else if (call == CALL_LISTEN) {
        assert_false(st->listening);
        st->listening = true;
        st->accepts = false;
    } else {
        assert_int_equal(call, CALL_ACCEPT);
        accept_all(st);
    }
    return STATUS_OK;
}

static enum status ask_queues(void *arg, struct queues *q, struct fault *fault)
{
    struct stage *st = arg;
    (void)fault;
    *q = (struct queues){.listens = st->listening,
                         .accept_len = count(st, WAITS_FOR_ACCEPT),
                         .accept_max = st->backlog,
                         .syn_len = count(st, HALF_OPEN)};
    q->counters[QUEUES_LISTEN_OVERFLOWS].known = true;
    q->counters[QUEUES_LISTEN_OVERFLOWS].value = st->overflows;
    return STATUS_OK;
}

static enum status ask_state(void *arg, const struct endpoint *caller, enum state *state,
                             struct fault *fault)
{
    struct stage *st = arg;
    (void)fault;
    *state =
        st->slots[caller->port - FIRST_PORT].state == HALF_OPEN ? STATE_SYN_RECEIVED : STATE_LISTEN;
    return STATUS_OK;
}

/* --- Running --- */

static struct stage *stage_new(void)
{
    static const uint8_t ours[] = {192, 0, 2, 3}, theirs[] = {192, 0, 2, 2};
    struct stage *st = calloc(1, sizeof(*st));
    struct fault fault;
    assert_non_null(st);
    witness_init(&st->witness, keep);
    st->now = START;
    st->craft = craft_new(&fault);
    assert_non_null(st->craft);
    timeline_init(&st->timeline);
    assert_int_equal(timeline_add_sink(&st->timeline, &st->witness.sink, &fault), STATUS_OK);
    st->config = (struct backlog_config){
        .backlog = 4,
        .callers = 8,
        .watch_ns = 7 * CLOCK_S / 2,
        .upper = {.call = call, .state = ask_state, .queues = ask_queues, .arg = st},
        .base = {.local = {.ip = address_from_v4(ours)},
                 .remote = {.ip = address_from_v4(theirs), .port = 5007},
                 .like = syn_like_at(0),
                 .mss = 1460,
                 .win = 64240,
                 .ttl = 64,
                 .timestamps = true,
                 .tries = 1},
        .first_port = FIRST_PORT,
        .key = {1, 2},
        .repeatable = true,
    };
    return st;
}

static void all_parts(struct stage *st)
{
    const struct backlog_part *p;
    for (size_t i = 0; (p = backlog_part_at(i)) != NULL; i++)
        st->config.parts[st->config.part_count++] = p;
}

static void stage_free(struct stage *st)
{
    for (size_t i = 0; i < st->result_count; i++)
        json_decref(st->results[i]);
    json_decref(st->summary);
    backlog_done(&st->story);
    craft_free(st->craft);
    free(st);
}

#define STAGE_TEST(name) UNIT_TEST_OF(struct stage, st, stage_new(), stage_free, name)

static int64_t next_time(const struct stage *st)
{
    int64_t at = talks_deadline(&st->story.talks);
    for (size_t i = 0; i < st->pending_count; i++)
        at = st->pending[i].t_ns < at ? st->pending[i].t_ns : at;
    for (size_t i = 0; i < BACKLOG_PORTS; i++) {
        if (st->slots[i].state == HALF_OPEN && st->slots[i].resend_at < at)
            at = st->slots[i].resend_at;
    }
    return at > st->now ? at : st->now + CLOCK_US; /* what waits for the wire is seen soon */
}

static bool take_due(struct stage *st, struct packet *p)
{
    for (size_t i = 0; i < st->pending_count; i++) {
        if (st->pending[i].t_ns > st->now)
            continue;
        *p = st->pending[i];
        memmove(&st->pending[i], &st->pending[i + 1],
                (--st->pending_count - i) * sizeof(st->pending[0]));
        return true;
    }
    return false;
}

/* Until it is over, or `until`. */
static void run(struct stage *st, int64_t until)
{
    struct fault fault = {0};
    struct packet p;
    const struct link link = {.send = send_packet, .arg = st};
    if (!st->begun) {
        assert_int_equal(backlog_init(&st->story, &st->config, &st->timeline, &fault), STATUS_OK);
        assert_int_equal(talks_start(&st->story.talks, link, st->now, &fault), STATUS_OK);
    }
    st->begun = true;
    for (unsigned step = 0; !st->story.over && st->now < until; step++) {
        assert_true(step < STEPS_MAX);
        st->now = next_time(st);
        resend(st);
        while (take_due(st, &p)) {
            assert_int_equal(talks_packet(&st->story.talks, p.data, p.n, p.t_ns, &fault),
                             STATUS_OK);
            if (p.ours)
                hears(st, &p);
        }
        assert_int_equal(talks_tick(&st->story.talks, st->now, &fault), STATUS_OK);
    }
}

/* The part's own result. */
static const json_t *part_result(const struct stage *st, const char *part)
{
    for (size_t i = 0; i < st->result_count; i++) {
        const char *name = json_string_value(json_object_get(st->results[i], "part"));
        if (json_object_get(st->results[i], "role") == NULL && strcmp(name, part) == 0)
            return st->results[i];
    }
    fail_msg("no part %s", part);
    return NULL;
}

static const char *face_of(const json_t *part, const char *who)
{
    const char *face = json_string_value(json_object_get(json_object_get(part, who), "face"));
    return face != NULL ? face : "none";
}

static json_int_t reading(const json_t *part, const char *moment, const char *key)
{
    size_t i;
    const json_t *r;
    json_array_foreach(json_object_get(part, "readings"), i, r)
    {
        if (strcmp(json_string_value(json_object_get(r, "moment")), moment) == 0)
            return json_integer_value(json_object_get(r, key));
    }
    fail_msg("no reading %s", moment);
    return -1;
}

static bool face_seen(const struct stage *st, enum overflow f)
{
    return json_is_true(
        json_object_get(json_object_get(st->summary, "faces"), client_overflow_word(f)));
}

/* --- Tests --- */

STAGE_TEST(linux_shows_the_four_faces)
{
    all_parts(st);
    run(st, CLOCK_NEVER);
    assert_int_equal(st->story.exit_code, 0);
    for (enum overflow f = OVERFLOW_NO_SYN_ACK; f < OVERFLOW_COUNT; f++)
        assert_true(face_seen(st, f));
    assert_string_equal(face_of(part_result(st, "entries"), "early"), "syn-ack-repeated");
    assert_string_equal(face_of(part_result(st, "cookies"), "early"), "silence");
    assert_string_equal(face_of(part_result(st, "abort"), "early"), "reset");
    for (size_t i = 0; i < st->config.part_count; i++)
        assert_string_equal(face_of(part_result(st, st->config.parts[i]->name), "late"),
                            "no-syn-ack");
}

STAGE_TEST(the_queues_are_told_at_each_moment)
{
    all_parts(st);
    run(st, CLOCK_NEVER);
    const json_t *p = part_result(st, "entries");
    assert_int_equal(reading(p, "before", "syn_queue"), 0);
    assert_int_equal(reading(p, "syn-queue", "syn_queue"), 5); /* one more than the limit */
    assert_int_equal(reading(p, "freed", "syn_queue"), 1);
    assert_int_equal(reading(p, "accept-queue", "accept_queue"), 5);
    assert_int_equal(reading(p, "accept-queue", "accept_limit"), 4);
    assert_int_equal(reading(p, "accepted", "accept_queue"), 0);
    assert_int_equal(reading(p, "cleared", "syn_queue"), 0);
    const json_t *open = json_object_get(p, "half_open");
    assert_int_equal(json_integer_value(json_object_get(open, "callers")), 8);
    assert_int_equal(json_integer_value(json_object_get(open, "answered")), 5);
    p = part_result(st, "cookies");
    open = json_object_get(p, "half_open");
    assert_int_equal(json_integer_value(json_object_get(open, "answered")), 8);
    assert_int_equal(json_integer_value(json_object_get(open, "cookies")), 3);
    assert_int_equal(reading(p, "freed", "syn_queue"), 0);
}

UNIT_TEST(who_gets_through_after_all)
{
    static const struct {
        const char *part;
        bool early;
    } parts[] = {{"entries", true}, {"cookies", true}, {"abort", false}};
    struct stage *st = stage_new();
    all_parts(st);
    run(st, CLOCK_NEVER);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        const json_t *p = part_result(st, parts[i].part);
        const json_t *early = json_object_get(p, "early"), *late = json_object_get(p, "late");
        assert_int_equal(json_is_true(json_object_get(early, "through")), parts[i].early);
        assert_int_equal(json_is_true(json_object_get(early, "reset")), !parts[i].early);
        assert_true(json_is_true(json_object_get(late, "through")));
        assert_true(json_is_true(json_object_get(p, "recovered")));
    }
    stage_free(st);
}

STAGE_TEST(a_setting_that_does_nothing_is_noticed)
{
    all_parts(st);
    st->deaf_to_settings = true; /* neither cookies nor resets */
    run(st, CLOCK_NEVER);
    assert_int_equal(st->story.exit_code, 1);
    assert_string_equal(face_of(part_result(st, "abort"), "early"), "syn-ack-repeated");
    assert_false(face_seen(st, OVERFLOW_RESET));
    assert_false(face_seen(st, OVERFLOW_SILENCE));
    assert_true(face_seen(st, OVERFLOW_SYN_ACK_REPEATED));
}

STAGE_TEST(a_queue_that_never_fills_shows_no_face)
{
    all_parts(st);
    st->never_full = true;
    run(st, CLOCK_NEVER);
    assert_int_equal(st->story.exit_code, 1);
    for (enum overflow f = OVERFLOW_NO_SYN_ACK; f < OVERFLOW_COUNT; f++)
        assert_false(face_seen(st, f));
}

/* Nobody answers: the late caller is not the only one, so the queue is not what it is about; but
 * what it sees is what it sees. There is no early caller at all. */
STAGE_TEST(a_mute_listener_is_no_success)
{
    all_parts(st);
    st->mute = true;
    run(st, CLOCK_NEVER);
    assert_int_equal(st->story.exit_code, 1);
    assert_true(json_is_null(json_object_get(part_result(st, "entries"), "early")));
    assert_true(json_is_false(json_object_get(part_result(st, "entries"), "recovered")));
}

/* Where the kernel has an entry, silence is no face: something was lost, or the listener is odd. */
STAGE_TEST(silence_without_a_cookie_is_no_face)
{
    st->config.parts[st->config.part_count++] = backlog_part_at(0);
    st->dumb_after_syn = true;
    run(st, CLOCK_NEVER);
    assert_int_equal(st->story.exit_code, 1);
    assert_string_equal(face_of(part_result(st, "entries"), "early"), "none");
    assert_false(face_seen(st, OVERFLOW_SILENCE));
}

STAGE_TEST(no_recovery_is_no_success)
{
    st->config.parts[st->config.part_count++] = backlog_part_at(0);
    st->stays_shut = true;
    run(st, CLOCK_NEVER);
    assert_int_equal(st->story.exit_code, 1);
    assert_true(face_seen(st, OVERFLOW_SYN_ACK_REPEATED));
    assert_true(json_is_false(json_object_get(part_result(st, "entries"), "recovered")));
}

STAGE_TEST(as_given_expects_nothing)
{
    st->config.parts[st->config.part_count++] = backlog_part_as_given();
    st->never_full = true;
    run(st, CLOCK_NEVER);
    assert_int_equal(st->story.exit_code, 0);
}

/* Whenever it is stopped, nothing stays half-open or connected at the listener. */
UNIT_TEST(stopped_at_any_time_it_leaves_nothing)
{
    for (int64_t after = 0; after < 16 * CLOCK_S; after += 50 * CLOCK_MS + 7 * CLOCK_US) {
        struct stage *st = stage_new();
        struct fault fault;
        all_parts(st);
        run(st, START + after);
        bool was_over = st->story.over;
        assert_int_equal(talks_stop(&st->story.talks, st->now, &fault), STATUS_OK);
        run(st, CLOCK_NEVER);
        assert_true(st->story.over);
        assert_int_equal(count(st, HALF_OPEN) + count(st, WAITS_FOR_ACCEPT) + count(st, ACCEPTED),
                         0);
        assert_true(was_over || st->story.exit_code == 3);
        stage_free(st);
    }
}

STAGE_TEST(people_see_few_and_programs_all)
{
    all_parts(st);
    run(st, CLOCK_NEVER);
    assert_true(st->crowd_segments > 100);
    assert_true(st->segments - st->crowd_segments > 10);
    assert_true(st->segments - st->crowd_segments < 40);
    /* Of each part the part itself, eight for the SYN queue, five fillers, a late and a new one. */
    assert_int_equal(st->result_count, 3 * (1 + 8 + 5 + 2));
}
