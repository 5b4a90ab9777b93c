/* Records of an earlier part: read from a file that is left as it is, cut only when asked, and
 * compared with the list, in whatever order and however far that comes. */
#include "unit.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/resume.h"

#define RUN                                                                                        \
    "{\"v\":1,\"type\":\"run\",\"command\":\"survey\",\"target\":\"list --probe ping\","           \
    "\"seed\":7}\n"
#define RESULT(session, target)                                                                    \
    "{\"v\":1,\"type\":\"result\",\"session\":" session ",\"target\":\"" target "\"}\n"

static const char records[] = "test-resume.records";

static void file_of(const char *text)
{
    FILE *f = fopen(records, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

static off_t size_of(void)
{
    struct stat st;
    assert_int_equal(stat(records, &st), 0);
    return st.st_size;
}

static void lines(struct resume *r, const char *const *line, size_t n)
{
    struct fault fault;
    *r = (struct resume){0};
    for (size_t i = 0; i < n; i++)
        assert_int_equal(resume_line(r, line[i], strlen(line[i]), &fault), STATUS_OK);
}

/* The target of a session in a list of one port of 10.0.0.0/8. */
static struct endpoint target_of(uint64_t session)
{
    const uint8_t v4[4] = {10, (uint8_t)(session >> 16), (uint8_t)(session >> 8), (uint8_t)session};
    return (struct endpoint){.ip = address_from_v4(v4), .port = 80};
}

static enum resume_answer pass(struct resume *r, uint64_t session)
{
    const struct endpoint at = target_of(session);
    return resume_pass(r, session, &at, NULL);
}

static void record(struct resume *r, uint64_t session)
{
    const struct endpoint at = target_of(session);
    char line[200], text[ENDPOINT_TEXT_MAX];
    struct fault fault;
    int n = snprintf(line, sizeof(line),
                     "{\"type\":\"result\",\"session\":%" PRIu64 ",\"target\":\"%s\"}", session,
                     endpoint_format(&at, text));
    assert_int_equal(resume_line(r, line, (size_t)n, &fault), STATUS_OK);
}

static void begin(struct resume *r)
{
    static const char *const run[] = {RUN};
    lines(r, run, 1);
}

UNIT_TEST(is_read)
{
    struct resume r;
    struct fault fault;
    file_of(RUN RESULT("1", "10.0.0.1:80") RESULT("70000", "10.1.17.112:80"));
    assert_int_equal(resume_open(&r, records, &fault), STATUS_OK);
    assert_true(r.begun && !r.torn && !r.agreed);
    assert_int_equal(r.seed, 7);
    assert_string_equal(r.identity, "list --probe ping");
    assert_int_equal(r.left, 2);
    assert_int_equal(pass(&r, 1), RESUME_DONE);
    assert_int_equal(pass(&r, 2), RESUME_TO_DO);
    assert_int_equal(pass(&r, 70000), RESUME_DONE);
    assert_int_equal(pass(&r, UINT32_MAX), RESUME_TO_DO);
    assert_true(r.agreed && r.left == 0);
    resume_done(&r);
    (void)remove(records);
    assert_int_equal(resume_open(&r, records, &fault), STATUS_OK);
    assert_true(!r.begun && r.left == 0);
    resume_done(&r);
}

UNIT_TEST(a_torn_end_is_cut_when_asked)
{
    static const char whole[] = RUN RESULT("1", "10.0.0.1:80");
    static const char torn[] = RUN RESULT("1", "10.0.0.1:80") "{\"v\":1,\"type\":\"res";
    struct resume r;
    struct fault fault;
    file_of(torn);
    assert_int_equal(resume_open(&r, records, &fault), STATUS_OK);
    assert_true(r.torn && r.left == 1);
    assert_int_equal(size_of(), sizeof(torn) - 1);
    assert_int_equal(resume_cut(&r, &fault), STATUS_OK);
    assert_int_equal(size_of(), sizeof(whole) - 1);
    resume_done(&r);
    assert_int_equal(resume_open(&r, records, &fault), STATUS_OK);
    assert_false(r.torn);
    assert_int_equal(resume_cut(&r, &fault), STATUS_OK);
    assert_int_equal(size_of(), sizeof(whole) - 1);
    resume_done(&r);
    (void)remove(records);
}

/* Whoever opens it has it: what another run still writes must not be read. */
UNIT_TEST(one_at_a_time)
{
    struct resume r, other;
    struct fault fault = {""};
    file_of(RUN);
    assert_int_equal(resume_open(&r, records, &fault), STATUS_OK);
    assert_int_equal(resume_open(&other, records, &fault), STATUS_SYSTEM);
    assert_non_null(strstr(fault.text, "another run does"));
    assert_false(other.begun);
    resume_done(&other);
    resume_done(&r);
    assert_int_equal(resume_open(&other, records, &fault), STATUS_OK);
    resume_done(&other);
    (void)remove(records);
}

UNIT_TEST(no_regular_file)
{
    struct resume r;
    struct fault fault = {""};
    (void)remove(records);
    assert_int_equal(mkfifo(records, 0600), 0);
    assert_int_equal(resume_open(&r, records, &fault), STATUS_MALFORMED);
    assert_non_null(strstr(fault.text, "no regular file"));
    resume_done(&r);
    (void)remove(records);
}

/* However long its command line was. */
UNIT_TEST(a_long_identity)
{
    char text[4000], words[3000];
    struct resume r;
    struct fault fault = {""};
    memset(words, 'a', sizeof(words) - 1);
    words[sizeof(words) - 1] = '\0';
    (void)snprintf(text, sizeof(text),
                   "{\"type\":\"run\",\"command\":\"survey\",\"target\":\"%s\",\"seed\":7}\n",
                   words);
    file_of(text);
    assert_int_equal(resume_open(&r, records, &fault), STATUS_OK);
    assert_string_equal(r.identity, words);
    resume_done(&r);
    (void)remove(records);
}

UNIT_TEST(what_is_no_survey_is_refused)
{
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"10.0.0.1\n", ":1: it is no record"},
        {"10.0.0.1", ":1: it is no record"},
        {"\n", ":1: it is no record"},
        {"[1]\n", ":1: it is no record"},
        {RUN "x\n", ":2: it is no record"},
        {RESULT("1", "10.0.0.1:80"), ":1: it has a result before"},
        {RUN RESULT("0", "10.0.0.1:80"), ":2: it has a result without a session"},
        {RUN RESULT("4294967296", "10.0.0.1:80"), ":2: it has a result without a session"},
        {RUN RESULT("\"1\"", "10.0.0.1:80"), ":2: it has a result without a session"},
        {RUN "{\"type\":\"result\",\"session\":1}\n", ":2: it has a result without a target"},
        {"{\"type\":\"run\",\"command\":\"ping\",\"target\":\"x\",\"seed\":7}\n",
         "of another command"},
        {RUN "{\"type\":\"run\",\"command\":\"survey\",\"target\":\"x\",\"seed\":7}\n",
         ":2: it holds the records of different surveys"},
        {RUN "{\"type\":\"run\",\"command\":\"survey\",\"target\":\"list --probe ping\","
             "\"seed\":8}\n",
         ":2: it holds the records of different surveys"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct resume r;
        struct fault fault = {""};
        file_of(bad[i].text);
        assert_int_equal(resume_open(&r, records, &fault), STATUS_MALFORMED);
        if (strstr(fault.text, bad[i].why) == NULL)
            fail_msg("'%s' has no '%s'", fault.text, bad[i].why);
        assert_int_equal(size_of(), strlen(bad[i].text));
        resume_done(&r);
    }
    (void)remove(records);
}

UNIT_TEST(the_same_list_agrees_in_any_order)
{
    struct resume r;
    begin(&r);
    for (uint64_t s = 1; s <= 1000; s++) {
        if (s % 7 != 0)
            record(&r, s);
    }
    for (uint64_t s = 1000; s > 0; s--) /* names come late: any order will do */
        assert_int_equal(pass(&r, s), s % 7 != 0 ? RESUME_DONE : RESUME_TO_DO);
    assert_true(r.agreed && r.left == 0);
    resume_done(&r);
}

UNIT_TEST(one_other_target_is_seen)
{
    for (uint64_t changed = 1; changed < 130; changed += 9) {
        struct resume r;
        unsigned others = 0;
        begin(&r);
        for (uint64_t s = 1; s < 130; s++)
            record(&r, s);
        for (uint64_t s = 1; s < 130; s++) {
            const struct endpoint at = target_of(s == changed ? 777 : s);
            others += resume_pass(&r, s, &at, NULL) == RESUME_OTHER;
        }
        assert_int_equal(others, 1);
        resume_done(&r);
    }
}

UNIT_TEST(two_that_changed_places_are_seen)
{
    struct resume r;
    unsigned others = 0;
    begin(&r);
    for (uint64_t s = 1; s < 64; s++)
        record(&r, s);
    for (uint64_t s = 1; s < 64; s++) {
        const struct endpoint at = target_of(s == 5 ? 6 : s == 6 ? 5 : s);
        others += resume_pass(&r, s, &at, NULL) == RESUME_OTHER;
    }
    assert_int_equal(others, 1);
    resume_done(&r);
}

/* A name is the same target whatever its address is, or whether it has one. */
UNIT_TEST(names_are_names)
{
    static const char *const line[] = {
        RUN,
        "{\"type\":\"result\",\"session\":1,\"target\":\"10.0.0.9:80\",\"name\":\"a.example\"}",
        "{\"type\":\"result\",\"session\":2,\"target\":\"b.example:80\"}",
        "{\"type\":\"result\",\"session\":64,\"target\":\"10.0.0.9:80\",\"name\":\"c.example\"}",
        "{\"type\":\"result\",\"session\":128,\"target\":\"[2001:db8::1]:80\"}",
    };
    const struct endpoint at = target_of(3), other_port = {at.ip, 81};
    struct resume r;
    struct endpoint v6 = {.port = 80};
    v6.ip.s6_addr[0] = 0x20, v6.ip.s6_addr[1] = 0x01, v6.ip.s6_addr[2] = 0x0d;
    v6.ip.s6_addr[3] = 0xb8, v6.ip.s6_addr[15] = 1;
    lines(&r, line, 5);
    assert_int_equal(resume_pass(&r, 1, &at, "a.example"), RESUME_DONE);
    assert_int_equal(resume_pass(&r, 2, &at, "b.example"), RESUME_DONE);
    assert_true(r.agreed);
    assert_int_equal(resume_pass(&r, 128, &v6, NULL), RESUME_DONE);
    assert_int_equal(resume_pass(&r, 64, &other_port, "c.example"), RESUME_OTHER);
    resume_done(&r);
}

UNIT_TEST(a_second_record_of_a_target_counts_once)
{
    struct resume r;
    begin(&r);
    record(&r, 5);
    record(&r, 5);
    assert_int_equal(r.left, 1);
    assert_int_equal(pass(&r, 5), RESUME_DONE);
    resume_done(&r);
}
