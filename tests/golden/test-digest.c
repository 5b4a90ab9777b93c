/* The digest of made-up surveys: each figure against what was put in, schedules with jitter found
 * again as the same one, lines that are no records told, and the text as somebody last looked at
 * it. */
#include "golden.h"

#include <inttypes.h>
#include <math.h>

#include "base/clock.h"
#include "cli/digest.h"
#include "event/result.h"
#include "tcp/schedule_explain.h"

enum {
    ENOUGH = 24
};

/* A schedule that peers in the made-up survey have. */
struct habit {
    const char *name; /* of the row of tcp/stacks.def, which is the first with these gaps */
    enum schedule_end end;
    double gaps[ENOUGH]; /* s; for one that ends by a reset the last is the one before it */
};

static const struct habit habits[] = {
    {"Linux 3.1 and later", SCHEDULE_SILENCE, {1.018, 2.016, 4.064, 8.192, 16.129}},
    {"Lantronix", SCHEDULE_SILENCE, {0.8, 0.4, 0.4, 0.4, 0.7, 1, 1.4, 2, 2.7}},
    {"Linux 2.0", SCHEDULE_SILENCE, {3, 6, 12, 24, 48, 96}},
    {"Windows 10", SCHEDULE_RST, {1, 2, 4, 8, 6}},
    {"Windows Vista, 7, Server 2008", SCHEDULE_RST, {3, 6, 12}},
    {"NetBSD 3 to 5, OpenBSD 4", SCHEDULE_SILENCE, {3, 6, 12, 24}},
    {"macOS 10.5, 10.6", SCHEDULE_RST_ACK, {0.9, 2, 4, 8, 16, 32, 11.8}},
    {"Cisco IOS 12", SCHEDULE_SILENCE, {2, 4, 8, 16}},
    {"Juniper ScreenOS", SCHEDULE_RST, {2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2}},
    {"Nucleus, Crestron", SCHEDULE_RST, {1, 2, 4, 8, 16, 32, 64, 64, 64, 64}},
};
enum {
    HABITS = sizeof(habits) / sizeof(habits[0])
};

static bool ends_by_reset(enum schedule_end end)
{
    return end == SCHEDULE_RST || end == SCHEDULE_RST_ACK;
}

/* As a peer with this habit would have it, each gap up to 3 % off. */
static void live_by(const struct habit *h, uint64_t *random, struct schedule *out)
{
    int64_t now = 1789000000 * CLOCK_S;
    size_t n = 0;
    while (n < ENOUGH && h->gaps[n] > 0)
        n++;
    schedule_init(out);
    schedule_arrival(out, now);
    for (size_t i = 0; i < n; i++) {
        double off = 0.97 + 0.06 * (double)(unit_random(random) % 1000) / 1000;
        now += (int64_t)(h->gaps[i] * off * (double)CLOCK_S);
        if (i + 1 < n || !ends_by_reset(h->end))
            schedule_arrival(out, now);
    }
    schedule_finish(out, h->end, now);
}

/* The keys of a result that tell of a series, as probe/synack.c sets them. */
static void put_series(json_t *o, const struct schedule *c)
{
    struct schedule_model m = schedule_fit(c);
    struct schedule_explanations x;
    json_t *gaps = json_array();
    for (size_t i = 0; i < c->count; i++)
        json_array_append_new(gaps, json_real((double)c->gaps[i] / 1000));
    json_object_set_new(o, "gaps_us", gaps);
    json_object_set_new(o, "retransmissions", json_integer((json_int_t)c->count));
    json_object_set_new(o, "end", json_string(schedule_end_name(c->end)));
    json_object_set_new(
        o, "model",
        c->count == 0 ? json_null()
                      : json_pack("{s:f, s:o, s:o, s:b}", "first_s", m.first_s, "factor",
                                  m.factor > 0 ? json_real(m.factor) : json_null(), "cap_s",
                                  m.cap_s > 0 ? json_real(m.cap_s) : json_null(), "fits", m.fits));
    json_t *nearest = json_array();
    schedule_explain(c, CLOCK_MS, &x);
    const struct schedule_explanation *e = &x.list[0];
    if (x.named > 0)
        json_array_append_new(nearest,
                              json_pack("{s:s, s:f, s:b, s:i, s:i}", "stack", e->row->name,
                                        "distance", e->distance, "fits", e->usual, "missing",
                                        (int)schedule_explain_missing(e), "default_tries",
                                        (int)schedule_explain_default(e->row)));
    json_object_set_new(o, "nearest", nearest);
}

static json_t *result(unsigned session, const char *outcome)
{
    char target[32];
    (void)snprintf(target, sizeof(target), "192.0.2.%u:80", session % 256);
    return json_pack("{s:i, s:s, s:i, s:s, s:s, s:s}", "v", 1, "type", "result", "session",
                     (int)session, "command", "synack", "target", target, "outcome", outcome);
}

static void put_back(json_t *o, unsigned segments, unsigned octets)
{
    json_object_set_new(o, "syns", json_integer(1));
    json_object_set_new(o, "segments_back", json_integer(segments));
    json_object_set_new(o, "octets_back", json_integer(octets));
}

/* Takes the reference. */
static enum status take(struct digest *d, json_t *record)
{
    char *line = json_dumps(record, JSON_COMPACT);
    struct fault fault;
    assert_non_null(line);
    enum status s = digest_line(d, line, strlen(line), &fault);
    free(line);
    json_decref(record);
    return s;
}

static enum status take_text(struct digest *d, const char *line, struct fault *fault)
{
    return digest_line(d, line, strlen(line), fault);
}

static struct digest *begun(void)
{
    struct digest *d = digest_new();
    assert_non_null(d);
    digest_file(d);
    return d;
}

static json_t *run(int seed)
{
    return json_pack("{s:i, s:s, s:s, s:i}", "v", 1, "type", "run", "command", "survey", "seed",
                     seed);
}

static json_t *summary(void)
{
    return json_pack("{s:i, s:s, s:s}", "v", 1, "type", "summary", "command", "survey");
}

UNIT_TEST(ten_habits_are_ten_rows)
{
    enum {
        EACH = 300
    };
    struct digest *d = begun();
    uint64_t random = 7;
    for (unsigned i = 0; i < EACH * HABITS; i++) {
        struct schedule c;
        live_by(&habits[i % HABITS], &random, &c);
        json_t *o = result(i + 1, "open");
        put_series(o, &c);
        assert_int_equal(take(d, o), STATUS_OK);
    }
    assert_true(digest_end(d));
    assert_int_equal(d->schedules.count, HABITS);
    assert_int_equal(d->schedules.left_out, 0);
    for (size_t i = 0; i < HABITS; i++) {
        const struct signature *s = &d->schedules.rows[i];
        size_t k = 0;
        while (k < HABITS && strcmp(habits[k].name, s->stack) != 0)
            k++;
        if (k == HABITS || !s->fits)
            fail_msg("no habit is that of %s", s->stack);
        assert_int_equal(s->targets, EACH);
        assert_int_equal(s->end, habits[k].end);
    }
    digest_free(d);
}

/* The rounding alone, without a stack's name. */
UNIT_TEST(signatures_by_their_numbers)
{
    static const struct {
        double v;
        const char *text;
    } numbers[] = {
        {1.018, "1.0"},   {1.029, "1.0"}, {0.98, "1.0"}, {1.984, "2.0"}, {2.0, "2.0"},
        {3.02, "3.0"},    {0.25, "0.25"}, {0.5, "0.5"},  {6.1, "6.0"},   {12.3, "12"},
        {16.129, "16"},   {24.4, "25"},   {64.2, "65"},  {120.5, "120"}, {0, "0"},
        {0.0312, "0.03"}, {-1, "0"},      {1e-9, "0"},
    };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        char text[24];
        assert_string_equal(signature_number(numbers[i].v, text, sizeof(text)), numbers[i].text);
    }
    /* What is rounded is near, and rounds to itself. */
    for (double v = 1e-5; v < 1e12; v *= 1.37) {
        char text[24], again[24];
        double r = strtod(signature_number(v, text, sizeof(text)), NULL);
        assert_true(fabs(r - v) <= 0.09 * v);
        assert_string_equal(signature_number(r, again, sizeof(again)), text);
    }
}

static const char *row_after(double gap_s, size_t count, enum schedule_end end, char *text)
{
    struct signatures *t = calloc(1, sizeof(*t));
    struct schedule c;
    struct observation o;
    assert_non_null(t);
    schedule_init(&c);
    schedule_arrival(&c, CLOCK_S);
    for (size_t i = 0; i < count; i++)
        schedule_arrival(&c, c.last_ns + (int64_t)(gap_s * pow(3, (double)i) * (double)CLOCK_S));
    schedule_finish(&c, end, c.last_ns);
    json_t *record = result(1, "open");
    put_series(record, &c);
    assert_int_equal(observation_read(&o, record, NULL), STATUS_OK);
    signature_count(t, &o);
    assert_int_equal(t->count, 1);
    signature_format(&t->rows[0], text);
    json_decref(record);
    free(t);
    return text;
}

UNIT_TEST(signatures_in_words)
{
    char text[SIGNATURE_TEXT_MAX];
    assert_string_equal(row_after(1, 0, SCHEDULE_SILENCE, text), "no retransmission, silence");
    assert_string_equal(row_after(0.7, 1, SCHEDULE_RST, text), "0.7 s, once, rst");
    assert_string_equal(row_after(0.5, 4, SCHEDULE_TRUNCATED, text),
                        "0.5 s x 3.0, 4 times, truncated");
}

UNIT_TEST(a_full_table_says_so)
{
    struct digest *d = begun();
    for (unsigned i = 0; i < SIGNATURE_ROWS + 50; i++) {
        json_t *o = result(i + 1, "open");
        json_object_update_new(o, json_pack("{s:[], s:i, s:s, s:n, s:[]}", "gaps_us",
                                            "retransmissions", (int)i, "end", "rst", "model",
                                            "nearest"));
        assert_int_equal(take(d, o), STATUS_OK);
    }
    assert_true(digest_end(d));
    assert_int_equal(d->schedules.count, SIGNATURE_ROWS);
    assert_int_equal(d->schedules.left_out, 50);
    assert_int_equal(d->listened, SIGNATURE_ROWS + 50);
    digest_free(d);
}

UNIT_TEST(the_worst_are_kept)
{
    struct digest *d = begun();
    uint64_t random = 11;
    unsigned octets[500], most = 0;
    uint64_t sum = 0;
    for (unsigned i = 0; i < 500; i++) {
        octets[i] = (unsigned)(unit_random(&random) % 100000);
        most = octets[i] > most ? octets[i] : most;
        sum += octets[i];
        json_t *o = result(i + 1, "open");
        put_back(o, i, octets[i]);
        assert_int_equal(take(d, o), STATUS_OK);
    }
    assert_true(digest_end(d));
    assert_int_equal(d->octets_back, sum);
    assert_int_equal(d->segments_back, 499 * 500 / 2);
    assert_int_equal(d->worst_count, DIGEST_WORST);
    assert_int_equal(d->worst[0].octets_back, most);
    for (size_t i = 0; i < DIGEST_WORST; i++) {
        unsigned more = 0;
        assert_int_equal(d->worst[i].octets_back, octets[d->worst[i].session - 1]);
        for (unsigned k = 0; k < 500; k++)
            more += octets[k] > d->worst[i].octets_back;
        assert_int_equal(more, i);
    }
    digest_free(d);
}

UNIT_TEST(a_session_counts_once)
{
    struct digest *d = begun();
    assert_int_equal(take(d, run(5)), STATUS_OK);
    assert_int_equal(take(d, result(1, "open")), STATUS_OK);
    assert_int_equal(take(d, summary()), STATUS_OK);
    digest_file(d);
    assert_int_equal(take(d, run(5)), STATUS_OK);
    assert_int_equal(take(d, result(1, "closed")), STATUS_NOT_OURS);
    assert_int_equal(take(d, result(2, "closed")), STATUS_OK);
    assert_int_equal(take(d, result(DIGEST_SESSIONS, "closed")), STATUS_OK);
    assert_true(digest_end(d));
    assert_int_equal(d->targets, 3);
    assert_int_equal(d->doubles, 1);
    assert_int_equal(d->unchecked, 1);
    assert_int_equal(d->unended, 1);
    assert_false(d->mixed);
    digest_free(d);

    d = begun(); /* the same session of another survey is another target */
    assert_int_equal(take(d, run(5)), STATUS_OK);
    assert_int_equal(take(d, result(1, "open")), STATUS_OK);
    assert_int_equal(take(d, run(6)), STATUS_OK);
    assert_int_equal(take(d, result(1, "open")), STATUS_OK);
    assert_true(digest_end(d));
    assert_true(d->mixed);
    assert_int_equal(d->targets, 2);
    digest_free(d);
}

#define RESULT "{\"v\":1,\"type\":\"result\",\"command\":\"ping\",\"target\":\"192.0.2.1:80\""

UNIT_TEST(lines_that_are_no_records)
{
    static const char *const bad[] = {
        "",
        "{",
        "torn\":3}",
        "[1]",
        "7",
        "{\"v\":2,\"type\":\"run\"}",
        "{\"v\":1,\"type\":\"packet\"}",
        "{\"v\":1,\"v\":1,\"type\":\"run\"}",
        "{\"type\":\"result\"}",
        RESULT ",\"outcome\":\"open\"}",
        RESULT ",\"session\":0,\"outcome\":\"open\"}",
        RESULT ",\"session\":9007199254740993,\"outcome\":\"open\"}",
        RESULT ",\"session\":1.5,\"outcome\":\"open\"}",
        RESULT ",\"session\":1}",
        RESULT ",\"session\":1,\"outcome\":\"up\"}",
        RESULT ",\"session\":1,\"outcome\":\"open\",\"rtt_us\":-1}",
        RESULT ",\"session\":1,\"outcome\":\"open\",\"rtt_us\":\"3\"}",
        RESULT ",\"session\":1,\"outcome\":\"open\",\"rtt_us\":1e300}",
        RESULT ",\"session\":1,\"outcome\":\"open\",\"syns\":1,\"segments_back\":-1}",
        RESULT ",\"session\":1,\"outcome\":\"open\",\"syns\":1,\"segments_back\":1}",
        RESULT ",\"session\":1,\"outcome\":\"open\",\"end\":\"never\"}",
        RESULT ",\"session\":1,\"outcome\":\"open\",\"end\":\"rst\"}",
        RESULT ",\"session\":1,\"outcome\":\"open\",\"end\":\"rst\",\"retransmissions\":1,"
               "\"gaps_us\":[null]}",
        RESULT ",\"session\":1,\"outcome\":\"open\",\"end\":\"rst\",\"retransmissions\":1,"
               "\"gaps_us\":[1],\"incomplete\":true}",
        RESULT ",\"session\":1,\"outcome\":\"open\",\"end\":\"rst\",\"retransmissions\":1,"
               "\"gaps_us\":[1],\"nearest\":[{\"distance\":1}]}",
        RESULT ",\"session\":1,\"outcome\":\"open\",\"end\":\"rst\",\"retransmissions\":1,"
               "\"gaps_us\":[1],\"model\":{\"first_s\":\"1\"}}",
    };
    struct digest *d = begun();
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct fault fault = {""};
        if (take_text(d, bad[i], &fault) != STATUS_MALFORMED)
            fail_msg("taken: %s", bad[i]);
        assert_true(fault.text[0] != '\0');
        assert_int_equal(d->refused, i + 1);
    }
    assert_int_equal(d->targets, 0);
    assert_false(digest_end(d));
    digest_free(d);
}

/* A survey in which everything occurs that the text has a line for. */
static struct digest *of_everything(void)
{
    struct digest *d = begun();
    struct fault fault;
    uint64_t random = 3;
    assert_int_equal(take(d, run(1)), STATUS_OK);
    for (unsigned i = 0; i < 400; i++) {
        static const char *const others[] = {"closed", "filtered", "unreachable", "error"};
        bool open = i % 5 != 0;
        json_t *o = result(i + 1, open ? "open" : others[i / 5 % 4]);
        if (open) {
            struct schedule c;
            live_by(&habits[i % 7 == 0 ? 0 : i % HABITS], &random, &c);
            if (i % 50 == 1)
                schedule_finish(&c, SCHEDULE_TRUNCATED, c.last_ns + CLOCK_S);
            put_series(o, &c);
            json_object_set_new(o, "incomplete",
                                i % 50 == 1 ? json_string("not listened to its end") : json_null());
            put_back(o, (unsigned)c.count + 1, 60 * ((unsigned)c.count + 1));
            json_object_set_new(
                o, "rtt_us",
                json_real((double)(20000 + (int64_t)(unit_random(&random) % 400) * (i % 9) * 99) /
                          1000));
        }
        assert_int_equal(take(d, o), STATUS_OK);
    }
    (void)take_text(d, "torn", &fault);
    (void)take(d, result(7, "open"));
    assert_true(digest_end(d));
    return d;
}

UNIT_TEST(for_people)
{
    const struct style style = {.columns = 80};
    struct text out;
    struct digest *d = of_everything();
    text_init(&out);
    digest_text(d, &out);
    golden_drawing(&out, &style);
    golden_compare("digest-80.txt", &out);
    text_done(&out);
    digest_free(d);
}

UNIT_TEST(for_programs)
{
    struct text out;
    struct digest *d = of_everything();
    text_init(&out);
    digest_json(d, &out);
    assert_false(out.failed);
    golden_compare("digest.ndjson", &out);
    text_done(&out);
    digest_free(d);
}

/* A hundredth at most of those that were listened to, or one alone. */
UNIT_TEST(outliers_are_named)
{
    struct text out = {0};
    struct digest *d = begun();
    uint64_t random = 5;
    d->outliers = true;
    for (unsigned i = 0; i < 1000; i++) {
        struct schedule c;
        json_t *o = result(i + 1, "open");
        live_by(&habits[i % 100 == 7 ? 3 : i == 500 ? 4 : i % 25 == 3 ? 6 : 0], &random, &c);
        put_series(o, &c);
        assert_int_equal(take(d, o), STATUS_OK);
    }
    assert_true(digest_end(d));
    assert_int_equal(d->schedules.count, 4);
    digest_text(d, &out);
    golden_drawing(&out, &(struct style){.columns = 80});
    const char *at = strstr(out.data, "\noutliers");
    assert_non_null(at);
    assert_null(strstr(at, "Linux")); /* nearly all */
    assert_null(strstr(at, "macOS")); /* one in 25 */
    for (unsigned i = 7; i < 500; i += 100) {
        char target[32];
        (void)snprintf(target, sizeof(target), " 192.0.2.%u:80\n", (i + 1) % 256);
        assert_non_null(strstr(at, target));
    }
    assert_non_null(strstr(at, " 5 more\n"));
    assert_non_null(strstr(at, "fits Windows Vista, 7, Server 2008\n"));
    assert_non_null(strstr(at, " 192.0.2.245:80\n")); /* that one, 501 */
    text_done(&out);
    out = (struct text){0};
    digest_json(d, &out);
    json_t *record = json_loads(out.data, 0, NULL);
    const json_t *rows = json_object_get(record, "schedules");
    assert_null(json_object_get(json_array_get(rows, 0), "hosts"));
    assert_int_equal(json_array_size(json_object_get(json_array_get(rows, 2), "hosts")), 5);
    assert_int_equal(json_array_size(json_object_get(json_array_get(rows, 3), "hosts")), 1);
    json_decref(record);
    text_done(&out);
    digest_free(d);
}

/* What is set to another number is known by its timing, whatever the noise. */
UNIT_TEST(timing_without_the_number)
{
    static const struct habit twice = {"Linux 3.1 and later", SCHEDULE_SILENCE, {1.018, 2.016}};
    struct digest *d = begun();
    uint64_t random = 9;
    for (unsigned i = 0; i < 300; i++) {
        struct schedule c;
        json_t *o = result(i + 1, "open");
        live_by(&twice, &random, &c);
        schedule_finish(&c, SCHEDULE_SILENCE, c.last_ns + 15 * CLOCK_S);
        put_series(o, &c);
        assert_int_equal(take(d, o), STATUS_OK);
    }
    assert_true(digest_end(d));
    assert_int_equal(d->schedules.count, 1);
    const struct signature *s = &d->schedules.rows[0];
    assert_string_equal(s->stack, "Linux 3.1 and later");
    assert_true(!s->fits && s->explains && s->usually == 5);
    struct text out = {0};
    const struct style style = {.columns = 80};
    digest_text(d, &out);
    golden_drawing(&out, &style);
    assert_non_null(strstr(out.data, "  timing of Linux 3.1 and later\n"));
    text_done(&out);
    digest_free(d);
}

/* One target, or a million within a microsecond: the bars still make sense. */
UNIT_TEST(distributions_of_every_shape)
{
    static const struct {
        int64_t from, step;
        unsigned n;
    } shapes[] = {
        {31200, 0, 1},        {31200, 0, 50},      {0, 1, 5},
        {31200, 17, 500},     {CLOCK_S, 1, 1000},  {1, CLOCK_MIN, 60},
        {100, CLOCK_US, 900}, {CLOCK_MS, 1000, 3},
    };
    const struct style style = {.columns = 80};
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        struct digest *d = begun();
        struct text out;
        uint64_t bars = 0;
        for (unsigned k = 0; k < shapes[i].n; k++)
            histogram_record(&d->rtt, shapes[i].from + (int64_t)k * shapes[i].step);
        text_init(&out);
        digest_text(d, &out);
        golden_drawing(&out, &style);
        for (char *at = strstr(out.data, "of "); at != NULL && (at = strchr(at, '\n')) != NULL;) {
            uint64_t n;
            if (sscanf(++at, "%" SCNu64, &n) == 1)
                bars += n;
        }
        if (bars != shapes[i].n)
            fail_msg("%" PRIu64 " of %u in\n%s", bars, shapes[i].n, out.data);
        text_done(&out);
        digest_free(d);
    }
}
