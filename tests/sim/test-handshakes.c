/* `survey --probe open`: many whole handshakes at one pace, with peers that answer, refuse, are
 * silent, or lie beyond a next hop that is. */

#include "../keys.h"
#include "../unit/unit.h"

#include "base/clock.h"
#include "measure/open.h"
#include "measure/survey/survey.h"
#include "event/result.h"
#include "wire/craft.h"

enum {
    COUNT = 1200,
    UNDER_WAY_MAX = 65536,
    PORT = 40000,
    MANNERS = 4
};
#define START (1700000000 * CLOCK_S)
#define DELAY (10 * CLOCK_MS) /* from our segment to the answer */

enum manner {
    ANSWERS,
    REFUSES,
    IS_SILENT,
    NEVER_LEAVES
};

/* A packet that the tap will show. */
struct under_way {
    int64_t at_ns;
    size_t n;
    uint8_t octets[100];
};

struct world {
    struct survey survey;
    struct craft *craft;
    struct under_way *tap; /* in the order of their times, since every delay is one of two */
    struct under_way *late;
    size_t tap_first, tap_count, late_first, late_count;
    int64_t now;
    uint32_t supplied;
    unsigned told[COUNT], open[COUNT], closed[COUNT];
    unsigned outcomes[OUTCOME_INTERRUPTED + 1];
    int64_t left[UNDER_WAY_MAX];
    size_t left_count;
    unsigned batched, most_in_flight;
};

static struct in6_addr address(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    const uint8_t octets[4] = {a, b, c, d};
    return address_from_v4(octets);
}

static uint32_t host_of(const struct in6_addr *ip)
{
    return ip->s6_addr[14] * 256u + ip->s6_addr[15];
}

static void show(struct under_way *queue, size_t *count, int64_t at_ns, const uint8_t *ip, size_t n)
{
    assert_true(*count < UNDER_WAY_MAX && n <= sizeof(queue->octets));
    queue[*count] = (struct under_way){.at_ns = at_ns, .n = n};
    memcpy(queue[(*count)++].octets, ip, n);
}

static void reply(struct world *w, const struct segment *to, uint16_t flags, uint32_t seq)
{
    uint8_t ip[100];
    size_t n;
    struct fault fault;
    const struct segment s = {
        .src = to->dst,
        .dst = to->src,
        .ttl = 64,
        .df = true,
        .win = 64240,
        .flags = flags,
        .seq = seq_of(seq),
        .ack = seq_add(to->seq, to->len + ((to->flags & (FLAG_SYN | FLAG_FIN)) != 0))};
    assert_int_equal(craft_segment(w->craft, &s, NULL, 0, ip, sizeof(ip), &n, &fault), STATUS_OK);
    show(w->late, &w->late_count, w->now + DELAY, ip, n);
}

/* Opens, and closes when we do: ACK and FIN in one segment. Then it is asked whether it is gone. */
static void answer(struct world *w, const struct segment *seg)
{
    uint32_t host = host_of(&seg->dst.ip);
    uint32_t iss = 5000 + host;
    if (seg->flags == FLAG_SYN) {
        if (host % MANNERS == ANSWERS)
            reply(w, seg, FLAG_SYN | FLAG_ACK, iss);
        else if (host % MANNERS == REFUSES)
            reply(w, seg, FLAG_RST | FLAG_ACK, 0);
    } else if (seg->flags & FLAG_FIN) {
        reply(w, seg, FLAG_FIN | FLAG_ACK, iss + 1);
        w->open[host]++;
    } else if (w->open[host] > 0 &&
               w->closed[host]++ > 0) { /* after the last ACK it knows us not */
        reply(w, seg, FLAG_RST, seg->ack.v);
    }
}

static enum survey_sending send_whole(void *arg, const struct in6_addr *remote, const uint8_t *ip,
                                      size_t n)
{
    struct world *w = arg;
    struct segment seg;
    assert_int_equal(segment_decode(&seg, ip, n, NULL), STATUS_OK);
    assert_true(address_equal(remote, &seg.dst.ip));
    assert_true(w->left_count < UNDER_WAY_MAX);
    w->left[w->left_count++] = w->now;
    w->batched++;
    if (host_of(remote) % MANNERS == NEVER_LEAVES)
        return SURVEY_TAKEN;
    show(w->tap, &w->tap_count, w->now, ip, n);
    answer(w, &seg);
    return SURVEY_TAKEN;
}

static enum status flush(void *arg, unsigned *left, int64_t *from_ns, int64_t *to_ns, bool *full,
                         struct fault *fault)
{
    struct world *w = arg;
    (void)fault;
    *left = w->batched;
    *from_ns = *to_ns = w->now;
    *full = false;
    w->batched = 0;
    return STATUS_OK;
}

static enum survey_supply supply(void *arg, int64_t now_ns, struct survey_target *t, int64_t *at_ns)
{
    struct world *w = arg;
    (void)now_ns;
    (void)at_ns;
    if (w->supplied == COUNT)
        return SURVEY_NO_MORE;
    *t = (struct survey_target){
        .session = w->supplied + 1,
        .number = 1,
        .at = {address(10, 1, (uint8_t)(w->supplied / 256), (uint8_t)w->supplied), 80}};
    w->supplied++;
    return SURVEY_NEXT;
}

static void ended(void *arg, const struct survey_end *e)
{
    struct world *w = arg;
    struct result r = {0};
    assert_in_range(e->session, 1, COUNT);
    assert_true(e->exchange != NULL && e->trouble == NULL);
    w->told[e->session - 1]++;
    w->outcomes[e->outcome]++;
    talk_report(e->exchange, &r);
    json_t *record = keys_of(&r);
    const json_t *path = json_object_get(record, "peer_path");
    if (e->outcome == OUTCOME_OPEN && !w->survey.stopping) { /* the whole way, and back */
        size_t last = json_array_size(path) - 1;
        assert_string_equal(json_string_value(json_array_get(path, last)), "CLOSED");
        assert_int_equal(e->segments_back, 3);
        assert_int_equal(e->syns, 1);
    }
    assert_true(json_is_true(json_object_get(record, "kernel_quiet")));
    json_decref(record);
    result_done(&r);
}

static void begin(struct world *w, uint32_t window, uint64_t rate)
{
    static const uint16_t ports[] = {PORT};
    struct fault fault;
    memset(w, 0, sizeof(*w));
    w->now = START;
    w->craft = craft_new(&fault);
    w->tap = calloc(UNDER_WAY_MAX, sizeof(*w->tap));
    w->late = calloc(UNDER_WAY_MAX, sizeof(*w->late));
    assert_true(w->craft != NULL && w->tap != NULL && w->late != NULL);
    static struct talk_config open;
    open = (struct talk_config){.like = syn_like_at(0),
                                .win = syn_like_at(0)->win,
                                .ttl = 64,
                                .timestamps = true,
                                .tries = 3,
                                .deadline_ns = CLOCK_MIN};
    const struct survey_config c = {
        .command = "open",
        .rules = {.wait_ns = 8 * CLOCK_S},
        .open = &open,
        .probe = &open_measure,
        .key = {1, 2},
        .repeatable = true,
        .rate = rate,
        .window = window,
        .source = {address(10, 0, 0, 1)},
        .mss = {1460, 1440},
        .ports = ports,
        .port_count = 1,
        .link = {.send_whole = send_whole, .flush = flush, .arg = w, .batch = 4, .watched = true},
        .supply = supply,
        .ended = ended,
        .arg = w,
    };
    assert_int_equal(survey_init(&w->survey, &c, w->now, &fault), STATUS_OK);
}

static void take(struct world *w, const struct under_way *queue, size_t *first, size_t count)
{
    for (; *first < count && queue[*first].at_ns <= w->now; (*first)++)
        survey_packet_seen(&w->survey, queue[*first].octets, queue[*first].n, queue[*first].at_ns);
}

/* Until it is over, or the time has come. */
static void pass(struct world *w, int64_t until_ns)
{
    struct fault fault;
    while (!survey_over(&w->survey) && w->now < until_ns) {
        take(w, w->tap, &w->tap_first, w->tap_count);
        take(w, w->late, &w->late_first, w->late_count);
        assert_int_equal(survey_tick(&w->survey, w->now, &fault), STATUS_OK);
        if (w->survey.in_flight > w->most_in_flight)
            w->most_in_flight = w->survey.in_flight;
        int64_t next = survey_next(&w->survey);
        if (w->tap_first < w->tap_count)
            next = w->now;
        else if (w->late_first < w->late_count && w->late[w->late_first].at_ns < next)
            next = w->late[w->late_first].at_ns;
        assert_true(next != CLOCK_NEVER || survey_over(&w->survey));
        w->now = next > w->now ? next : w->now + CLOCK_US;
    }
}

static void finish(struct world *w)
{
    survey_done(&w->survey);
    craft_free(w->craft);
    free(w->tap);
    free(w->late);
    free(w);
}

UNIT_TEST(all_manners)
{
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    begin(w, 100, 2000);
    pass(w, START + CLOCK_MIN * 60);
    assert_true(survey_over(&w->survey));
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(w->told[i], 1);
        assert_int_equal(w->open[i], i % MANNERS == ANSWERS);
    }
    assert_int_equal(w->outcomes[OUTCOME_OPEN], COUNT / MANNERS);
    assert_int_equal(w->outcomes[OUTCOME_CLOSED], COUNT / MANNERS);
    assert_int_equal(w->outcomes[OUTCOME_FILTERED], COUNT / MANNERS);
    assert_int_equal(w->outcomes[OUTCOME_UNREACHABLE], COUNT / MANNERS);
    assert_int_equal(w->most_in_flight, 100);
    assert_int_equal(w->survey.store.taken, 0);
    assert_int_equal(w->survey.store.entered, 0);
    for (size_t i = 2000; i < w->left_count; i++)
        assert_true(w->left[i] - w->left[i - 2000] >= CLOCK_S);
    finish(w);
}

/* What is open is reset, what waits is told as interrupted, and nothing is left. */
UNIT_TEST(stopped)
{
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    begin(w, 1000, 2000);
    pass(w, START + CLOCK_S / 3);
    uint32_t supplied = w->supplied;
    assert_in_range(supplied, 10, COUNT - 1);
    survey_stop(&w->survey, w->now);
    pass(w, w->now + CLOCK_MIN);
    assert_true(survey_over(&w->survey));
    assert_int_equal(w->supplied, supplied);
    for (uint32_t i = 0; i < COUNT; i++)
        assert_int_equal(w->told[i], i < supplied);
    assert_true(w->outcomes[OUTCOME_INTERRUPTED] > 0);
    assert_int_equal(w->survey.store.taken, 0);
    finish(w);
}
