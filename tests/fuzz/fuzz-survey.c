/* Packets that the input scripts, into a survey with flows under way. Whatever comes, and whatever
 * becomes of what is sent: every target is told of once, with a whole record; nothing is sent but
 * one SYN a target and resets, no more of these than there were SYNs and strays; it ends; and
 * nothing is left behind.
 *
 * The first six octets choose the survey, what follows are steps. */
#include "../keys.h"
#include "../world/scripted.h"

#include <string.h>

#include "base/bytes.h"
#include "measure/survey/survey.h"
#include "event/result.h"
#include "wire/template.h"

enum {
    TARGETS_MAX = 40,
    SENT_MAX = 64, /* of ours that are remembered, to answer near them */
    PORTS = 3,
    FIRST_PORT = 40000,
    PACKET_MAX = 400,
    TURNS_MAX = 200000
};

struct scene {
    struct survey survey;
    struct survey_config config;
    struct scripted_reader script;
    struct craft *craft;
    struct template syn[2];
    uint32_t targets, supplied;
    uint8_t manner; /* of the supply and the link */
    unsigned told[TARGETS_MAX];
    unsigned syns[TARGETS_MAX];
    struct survey_packet batch[SURVEY_BATCH_MAX];
    unsigned batched;
    struct survey_packet sent[SENT_MAX];
    unsigned sent_count, shown, resets; /* shown: of those, by the tap */
    bool sealed;                        /* the script is over: nothing odd happens any more */
    int64_t now;
};

/* Every fourth has an IPv6 address; with bit 0 of the manner they share four addresses, so that
 * four-tuples come again. */
static struct endpoint remote_of(const struct scene *c, uint32_t target)
{
    uint8_t host = (uint8_t)(c->manner & 1 ? target % 4 : target);
    struct in6_addr v6 = {.s6_addr = {0x20, 0x01, 0x0d, 0xb8, [15] = host}};
    struct in6_addr v4 = address_from_v4((const uint8_t[4]){192, 0, 2, host});
    return (struct endpoint){target % 4 == 3 ? v6 : v4, 80};
}

static uint32_t target_of(const struct scene *c, const struct endpoint *remote, seq_t iss)
{
    for (uint32_t i = 0; i < c->sent_count; i++)
        if (c->sent[i].syn && c->sent[i].seq.v == iss.v &&
            endpoint_equal(&c->sent[i].remote, remote))
            return i;
    return SENT_MAX;
}

/* --- What the survey is given --- */

static enum survey_supply supply(void *arg, int64_t now_ns, struct survey_target *t, int64_t *at_ns)
{
    struct scene *c = arg;
    if (c->supplied == c->targets)
        return SURVEY_NO_MORE;
    if (!c->sealed && c->manner & 2 &&
        now_ns < SCRIPTED_START + (int64_t)c->supplied * 100 * CLOCK_MS) {
        *at_ns = SCRIPTED_START + (int64_t)c->supplied * 100 * CLOCK_MS;
        return SURVEY_LATER;
    }
    uint32_t i = c->supplied++;
    *t = (struct survey_target){.session = i, .number = i, .at = remote_of(c, i)};
    if (c->manner & 4 && i % 5 == 1)
        t->name = "a-name-that-is-longer-than-one-cell-of-the-store-can-hold-so-that-it-takes-two-"
                  "of-them-or-three-as-names-in-the-dns-may-be-up-to-two-hundred-and-fifty-three-"
                  "characters-long.example";
    if (c->manner & 8 && i % 7 == 6)
        t->trouble = "an address that is not to be probed";
    return SURVEY_NEXT;
}

static enum survey_sending take(void *arg, const struct survey_packet *p)
{
    struct scene *c = arg;
    fuzz_require(c->batched < c->config.link.batch);
    fuzz_require(p->local.port >= FIRST_PORT && p->local.port < FIRST_PORT + PORTS);
    if (c->manner & 16 && p->remote.ip.s6_addr[15] % 8 == 5)
        return SURVEY_NO_WAY;
    c->batch[c->batched++] = *p;
    return SURVEY_TAKEN;
}

/* The tap shows what has left, or does not. */
static void show(struct scene *c)
{
    uint8_t octets[TEMPLATE_MAX];
    bool seen = c->config.link.watched && (c->sealed || !(c->manner & 64));
    for (; c->shown < c->sent_count; c->shown++) {
        const struct survey_packet *p = &c->sent[c->shown];
        const struct template *t = &c->syn[address_is_v4(&p->remote.ip) ? 0 : 1];
        size_t n = template_write(t, octets, &p->local, &p->remote, p->seq, seq_of(0), p->ts_val);
        if (seen)
            survey_packet_seen(&c->survey, octets, n, c->now);
    }
}

static enum status flush(void *arg, unsigned *left, int64_t *from_ns, int64_t *to_ns, bool *full,
                         struct fault *fault)
{
    struct scene *c = arg;
    unsigned n = c->batched;
    (void)fault;
    if (!c->sealed && c->manner & 32) {
        n = scripted_octet(&c->script) % (n + 1);
        *full = n < c->batched;
    }
    *from_ns = c->now;
    c->now += CLOCK_US;
    *to_ns = c->now;
    *left = n;
    for (unsigned i = 0; i < n; i++) {
        if (!c->batch[i].syn) {
            c->resets++;
            continue;
        }
        fuzz_require(c->sent_count < SENT_MAX);
        c->sent[c->sent_count++] = c->batch[i];
    }
    c->batched -= n;
    memmove(c->batch, c->batch + n, c->batched * sizeof(c->batch[0]));
    return STATUS_OK;
}

/* --- What it tells --- */

static void check_record(const struct scene *c, const struct survey_end *e)
{
    char buffer[SCHEDULE_EXPLAIN_TEXT_MAX];
    struct result r = {0};
    if (e->series != NULL) {
        const char *why = series_incomplete(e->series, e->facts, buffer);
        fuzz_require(why == NULL || why[0] != '\0');
        fuzz_require(e->series->schedule.count <= SCHEDULE_GAPS_MAX);
        series_report(e->series, e->facts, &r);
    } else {
        ping_report(e->ping, e->facts, c->config.rules.wait_ns, &r);
    }
    json_t *record = keys_of(&r);
    fuzz_require(json_is_string(json_object_get(record, "outcome")));
    json_decref(record);
    result_done(&r);
}

static void ended(void *arg, const struct survey_end *e)
{
    struct scene *c = arg;
    fuzz_require(e->session < c->supplied);
    const struct endpoint remote = remote_of(c, e->session);
    fuzz_require(c->told[e->session]++ == 0);
    fuzz_require(endpoint_equal(&remote, &e->facts->remote));
    fuzz_require((e->trouble != NULL) == (e->series == NULL && e->ping == NULL));
    if (e->trouble == NULL) {
        fuzz_require((e->series != NULL) == c->config.rules.listens);
        fuzz_require(e->name == NULL || e->session % 5 == 1);
        check_record(c, e);
    }
}

/* --- What comes in --- */

static size_t with_options(struct scene *c, struct segment *seg)
{
    seg->opt.raw_len = scripted_octet(&c->script) % 11 * 4;
    for (size_t i = 0; i < seg->opt.raw_len; i++)
        seg->opt.raw[i] = scripted_octet(&c->script);
    return seg->opt.raw_len;
}

/* A segment with numbers near those of one of our SYNs; from its peer or, with bit 3, as if our own
 * kernel had sent it. */
static void near_segment(struct scene *c)
{
    uint8_t how = scripted_octet(&c->script), which = scripted_octet(&c->script);
    if (c->sent_count == 0)
        return;
    const struct survey_packet *p = &c->sent[which % c->sent_count];
    struct segment seg = {.src = p->remote, .dst = p->local, .ttl = 60, .win = 1000};
    struct fault fault;
    uint8_t octets[PACKET_MAX];
    size_t n;
    seg.flags = scripted_octet(&c->script);
    seg.seq = seq_of(1000 * (how & 3U) + scripted_octet(&c->script) % 4);
    seg.ack = seq_add(p->seq, how & 4 ? scripted_octet(&c->script) : 1);
    if (how & 8) {
        seg.src = p->local;
        seg.dst = p->remote;
        seg.seq = seq_add(p->seq, scripted_octet(&c->script) % 3);
    }
    if (how & 16)
        (void)with_options(c, &seg);
    if (how & 32)
        seg.checksum = SEGMENT_CHECKSUM_BAD;
    if (how & 64)
        seg.dst.port++;
    if (craft_segment(c->craft, &seg, NULL, 0, octets, sizeof(octets), &n, &fault) != STATUS_OK)
        return;
    for (unsigned times = how & 128 ? scripted_octet(&c->script) : 1; times > 0; times--) {
        survey_packet_seen(&c->survey, octets, n, c->now);
        c->now += how & 128 ? 30 * CLOCK_MS : 0;
    }
}

/* An ICMP error that quotes one of our SYNs, with a few octets that the script changes. */
static void icmp(struct scene *c)
{
    uint8_t which = scripted_octet(&c->script), type = scripted_octet(&c->script),
            changes = scripted_octet(&c->script);
    uint8_t octets[PACKET_MAX] = {0};
    if (c->sent_count == 0)
        return;
    const struct survey_packet *p = &c->sent[which % c->sent_count];
    bool v4 = address_is_v4(&p->remote.ip);
    size_t header = v4 ? 20 : 40;
    size_t n = template_write(&c->syn[v4 ? 0 : 1], octets + header + 8, &p->local, &p->remote,
                              p->seq, seq_of(0), p->ts_val);
    memcpy(octets, octets + header + 8, header);
    n += header + 8;
    octets[v4 ? 9 : 6] = v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
    bytes_put16(octets + (v4 ? 2 : 4), (uint16_t)(v4 ? n : n - header));
    octets[header] = type;
    octets[header + 1] = scripted_octet(&c->script);
    for (unsigned i = changes % 4; i > 0; i--)
        octets[scripted_octet(&c->script) % n] = scripted_octet(&c->script);
    survey_packet_seen(&c->survey, octets, n, c->now);
}

static void raw_packet(struct scene *c)
{
    size_t n;
    const uint8_t *octets = scripted_octets(&c->script, &n);
    uint8_t *copy = malloc(n != 0 ? n : 1); /* so that a read past its end is seen */
    fuzz_require(copy != NULL);
    memcpy(copy, octets, n);
    survey_packet_seen(&c->survey, copy, n, c->now);
    free(copy);
}

/* --- The run --- */

static void tick(struct scene *c)
{
    struct fault fault;
    fuzz_require(survey_tick(&c->survey, c->now, &fault) == STATUS_OK);
    show(c);
}

static void step(struct scene *c)
{
    uint8_t what = scripted_octet(&c->script);
    switch (what % 8) {
    case 0:
        c->now += scripted_octet(&c->script) * CLOCK_MS;
        break;
    case 1:
        c->now += scripted_octet(&c->script) * (CLOCK_S / 4);
        break;
    case 2:
        icmp(c);
        break;
    case 3:
        raw_packet(c);
        break;
    case 4:
        survey_lost_packets(&c->survey, scripted_octet(&c->script), c->now);
        break;
    case 5:
        if (what >= 0xf0)
            survey_stop(&c->survey, c->now);
        else
            survey_wake(&c->survey);
        break;
    default:
        near_segment(c);
        break;
    }
    if (what & 8)
        tick(c);
}

static void make_templates(struct scene *c)
{
    struct fault fault;
    for (uint32_t i = 0; i < 2; i++) {
        struct segment like = {.src = {c->config.source[i], FIRST_PORT},
                               .dst = remote_of(c, i == 0 ? 0 : 3),
                               .ttl = 64,
                               .df = true,
                               .flags = FLAG_SYN};
        fuzz_require(template_init(&c->syn[i], c->craft, &like, &fault) == STATUS_OK);
    }
}

static void set_up(struct scene *c)
{
    static const uint16_t ports[PORTS] = {FIRST_PORT, FIRST_PORT + 1, FIRST_PORT + 2};
    static const uint8_t here[4] = {198, 51, 100, 1};
    struct scripted_reader *r = &c->script;
    struct fault fault;
    uint8_t kind = scripted_octet(r);
    c->manner = scripted_octet(r);
    c->targets = scripted_octet(r) % (TARGETS_MAX + 1);
    c->now = SCRIPTED_START;
    c->config = (struct survey_config){
        .command = kind & 1 ? "synack" : "ping",
        .rules = {.listens = kind & 1,
                  .settles = c->manner & 128,
                  .wait_ns = 5 * CLOCK_S,
                  .listen_ns = 60 * CLOCK_S},
        .key = {1, scripted_octet(r)},
        .repeatable = kind & 2,
        .rate = 1 + (kind & 4 ? scripted_word(r) : scripted_octet(r)),
        .window = kind & 8 ? 1 + scripted_octet(r) % 8U : UINT32_MAX,
        .source = {address_from_v4(here), {.s6_addr = {0x20, 0x01, 0x0d, 0xb8, 1, [15] = 1}}},
        .ports = ports,
        .port_count = 1 + (kind >> 4) % PORTS,
        .link = {.send = take,
                 .flush = flush,
                 .arg = c,
                 .batch = 1 + (kind & 64 ? 15U : 0),
                 .watched = kind & 128},
        .supply = supply,
        .ended = ended,
        .arg = c,
    };
    c->craft = craft_new(&fault);
    fuzz_require(c->craft != NULL);
    make_templates(c);
    fuzz_require(survey_init(&c->survey, &c->config, c->now, &fault) == STATUS_OK);
}

/* Nothing odd happens any more: it ends, and what it asks for in between is of use. */
static void to_the_end(struct scene *c)
{
    c->sealed = true;
    survey_wake(&c->survey);
    for (unsigned turns = 0; !survey_over(&c->survey); turns++) {
        int64_t at = survey_next(&c->survey);
        fuzz_require(turns < TURNS_MAX && at != CLOCK_NEVER);
        c->now = at > c->now ? at : c->now;
        tick(c);
    }
}

static void check_end(const struct scene *c)
{
    const struct survey *s = &c->survey;
    unsigned syns = 0;
    for (uint32_t i = 0; i < c->targets; i++)
        fuzz_require(c->told[i] == (i < c->supplied));
    for (unsigned i = 0; i < c->sent_count; i++) {
        syns++;
        fuzz_require(target_of(c, &c->sent[i].remote, c->sent[i].seq) == i ||
                     c->manner & 1); /* those may share even their numbers */
    }
    fuzz_require(syns <= c->supplied && syns == s->counts.syns);
    fuzz_require(c->resets == s->counts.resets);
    fuzz_require(c->resets <= syns + s->counts.strays);
    fuzz_require(s->counts.ended == c->supplied && c->batched == 0);
    fuzz_require(s->store.taken == 0 && s->store.entered == 0 && s->store.armed == 0);
    fuzz_require(s->in_flight == 0 && s->resets_waiting == 0 && s->stray_count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct scene *c = calloc(1, sizeof(*c));
    fuzz_require(c != NULL);
    c->script = (struct scripted_reader){data, n};
    set_up(c);
    tick(c);
    while (c->script.left > 0)
        step(c);
    to_the_end(c);
    check_end(c);
    survey_done(&c->survey);
    craft_free(c->craft);
    free(c);
    return 0;
}
