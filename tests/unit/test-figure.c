/* The parser of figures: what RFC 793 and RFC 9293 print, what we print ourselves, what pasting
 * makes of it, our additions; every complaint with its place; and printing back. */
#include "unit.h"

#include <stdio.h>

#include "base/clock.h"
#include "figure.h"
#include "figure/fields.h"
#include "wire/flags.h"

#define SET(s) STATE_SET(STATE_##s)

static char *slurp(const char *folder, const char *name, size_t *len)
{
    char path[4096];
    const char *top = getenv("srcdir");
    (void)snprintf(path, sizeof(path), "%s/tests/%s/%s", top != NULL ? top : ".", folder, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    char *text = malloc(FIGURE_SOURCE_MAX);
    assert_non_null(text);
    *len = fread(text, 1, FIGURE_SOURCE_MAX, f);
    (void)fclose(f);
    return text;
}

/* Parsed from a block that ends where the text ends. */
static struct figure parsed_octets(const char *text, size_t len)
{
    struct figure f;
    struct fault fault = {""};
    char *exact = (char *)unit_copy(text, len);
    if (figure_parse(&f, "f", exact, len, &fault) != STATUS_OK)
        fail_msg("%s", fault.text);
    free(exact);
    return f;
}

static struct figure parsed(const char *text)
{
    return parsed_octets(text, strlen(text));
}

static struct figure parsed_file(const char *folder, const char *name)
{
    size_t len;
    char *text = slurp(folder, name, &len);
    struct figure f = parsed_octets(text, len);
    free(text);
    return f;
}

static void assert_same(const struct figure *a, const struct figure *b)
{
    size_t i = figure_difference(a, b);
    if (i != SIZE_MAX)
        fail_msg("the figures differ in item %zu", i);
}

static void assert_reads_back(const struct figure *f)
{
    struct text printed;
    text_init(&printed);
    figure_print(&printed, f);
    struct figure back = parsed_octets(printed.data, printed.len);
    assert_same(f, &back);
    figure_done(&back);
    text_done(&printed);
}

static const struct figure_row *row(const struct figure *f, size_t i)
{
    assert_true(i < f->count);
    assert_int_equal(f->items[i].kind, FIGURE_ROW);
    return &f->items[i].row;
}

static void assert_states(const struct figure_row *r, state_set a, state_set b)
{
    assert_int_equal(r->a.states, a);
    assert_int_equal(r->b.states, b);
}

static void assert_segment(const struct figure_row *r, enum figure_arrow a, const char *segment,
                           enum figure_arrow b)
{
    struct text text;
    assert_true(r->has_segment);
    assert_int_equal(r->a_arrow, a);
    assert_int_equal(r->b_arrow, b);
    text_init(&text);
    fields_print(&text, &r->segment);
    assert_string_equal(text.data, segment);
    text_done(&text);
}

#define RIGHT FIGURE_ARROW_RIGHT
#define LEFT  FIGURE_ARROW_LEFT
#define HELD  FIGURE_ARROW_HELD

/* What the RFCs print. */

UNIT_TEST(figure_6)
{
    struct figure f = parsed_file("figures", "rfc9293-figure-6.txt");
    assert_int_equal(f.count, 5);
    assert_string_equal(f.title, "");
    assert_int_equal(f.needs, FIGURE_NEEDS_LISTENS);
    assert_states(row(&f, 0), SET(CLOSED), SET(LISTEN));
    assert_int_equal(row(&f, 0)->number, 1);
    assert_true(row(&f, 0)->begins_step);
    assert_int_equal(row(&f, 0)->line, 3);
    assert_int_equal(row(&f, 0)->column, 4);
    assert_int_equal(row(&f, 0)->b.column, 61);
    assert_states(row(&f, 1), SET(SYN_SENT), SET(SYN_RECEIVED));
    assert_segment(row(&f, 1), RIGHT, "<SEQ=100><CTL=SYN>", RIGHT);
    assert_int_equal(row(&f, 1)->segment_column, 24);
    assert_segment(row(&f, 2), LEFT, "<SEQ=300><ACK=101><CTL=SYN,ACK>", LEFT);
    assert_segment(row(&f, 4), RIGHT, "<SEQ=101><ACK=301><CTL=ACK><DATA>", RIGHT);
    assert_states(row(&f, 4), SET(ESTABLISHED), SET(ESTABLISHED));
    figure_done(&f);
}

UNIT_TEST(figure_8)
{
    struct figure f = parsed_file("figures", "rfc9293-figure-8.txt");
    assert_int_equal(f.count, 8);
    assert_segment(row(&f, 1), RIGHT, "<SEQ=100><CTL=SYN>", HELD);
    assert_segment(row(&f, 2), HELD, "<SEQ=90><CTL=SYN>", RIGHT);
    assert_true(row(&f, 2)->a.duplicate);
    assert_int_equal(row(&f, 2)->a.event, FIGURE_NOTHING);
    assert_segment(row(&f, 5), HELD, "<SEQ=100><CTL=SYN>", RIGHT);
    assert_states(row(&f, 5), STATE_SET_NONE, SET(SYN_RECEIVED));
    figure_done(&f);
}

UNIT_TEST(figure_9)
{
    struct figure f = parsed_file("figures", "rfc9293-figure-9.txt");
    assert_int_equal(f.count, 7);
    assert_int_equal(figure_call(&row(&f, 0)->a), CALL_CRASH);
    assert_int_equal(row(&f, 0)->b.event, FIGURE_NUMBERS);
    assert_int_equal(row(&f, 0)->b.send.value, 300);
    assert_int_equal(row(&f, 0)->b.receive.value, 100);
    assert_int_equal(row(&f, 2)->b.event, FIGURE_REMARK);
    assert_string_equal(row(&f, 2)->b.text, "?\?");
    assert_int_equal(row(&f, 4)->b.event, FIGURE_REMARK);
    assert_string_equal(row(&f, 4)->b.text, "Abort!!");
    assert_segment(row(&f, 6), RIGHT, "<SEQ=400><CTL=SYN>", RIGHT);
    assert_states(row(&f, 6), SET(SYN_SENT), STATE_SET_NONE);
    figure_done(&f);
}

UNIT_TEST(figure_11)
{
    struct figure f = parsed_file("figures", "rfc9293-figure-11.txt");
    assert_int_equal(f.count, 5);
    assert_segment(row(&f, 1), HELD, "<SEQ=Z><CTL=SYN>", RIGHT);
    assert_int_equal(row(&f, 1)->a.line, 0);
    assert_segment(row(&f, 2), LEFT, "<SEQ=X><ACK=Z+1><CTL=SYN,ACK>", LEFT);
    assert_string_equal(row(&f, 3)->b.text, "return to LISTEN!");
    figure_done(&f);
}

UNIT_TEST(figure_12)
{
    struct figure f = parsed_file("figures", "rfc9293-figure-12.txt");
    assert_int_equal(f.count, 9);
    assert_int_equal(figure_call(&row(&f, 1)->a), CALL_CLOSE);
    assert_int_equal(row(&f, 1)->number, 2);
    assert_int_equal(row(&f, 2)->number, 2);
    assert_false(row(&f, 2)->begins_step);
    assert_int_equal(row(&f, 4)->a.event, FIGURE_NOTHING);
    assert_int_equal(figure_call(&row(&f, 4)->b), CALL_CLOSE);
    assert_int_equal(row(&f, 7)->a.event, FIGURE_TWO_MSL);
    assert_states(row(&f, 8), SET(CLOSED), STATE_SET_NONE);
    figure_done(&f);
}

UNIT_TEST(figure_13)
{
    struct figure f = parsed_file("figures", "rfc9293-figure-13.txt");
    assert_int_equal(f.count, 11);
    assert_int_equal(figure_call(&row(&f, 1)->a), CALL_CLOSE);
    assert_int_equal(figure_call(&row(&f, 1)->b), CALL_CLOSE);
    assert_segment(row(&f, 3), LEFT, "<SEQ=300><ACK=100><CTL=FIN,ACK>", LEFT);
    assert_states(row(&f, 3), STATE_SET_NONE, STATE_SET_NONE);
    assert_segment(row(&f, 4), HELD, "<SEQ=100><ACK=300><CTL=FIN,ACK>", RIGHT);
    assert_int_equal(row(&f, 9)->b.event, FIGURE_TWO_MSL);
    assert_states(row(&f, 10), SET(CLOSED), SET(CLOSED));
    figure_done(&f);
}

/* The figures of RFC 793 have other numbers, and captions in two lines. Those of three differ. */
UNIT_TEST(both_rfcs_print_the_same)
{
    for (int n = 6; n <= 13; n++) {
        char name[64];
        (void)snprintf(name, sizeof(name), "rfc9293-figure-%d.txt", n);
        struct figure now = parsed_file("figures", name);
        assert_reads_back(&now);
        (void)snprintf(name, sizeof(name), "rfc793-figure-%d.txt", n + 1);
        struct figure then = parsed_file("figures", name);
        assert_reads_back(&then);
        assert_int_equal(now.count, then.count);
        if (n != 7 && n != 8) /* of Figure 7 the last row, of Figure 8 a state */
            assert_same(&now, &then);
        figure_done(&then);
        figure_done(&now);
    }
}

UNIT_TEST(page_breaks)
{
    static const char *const breaks[] = {
        "Eddy                         Standards Track                   [Page 32]\n\f\n"
        "RFC 9293             Transmission Control Protocol (TCP)     August 2022\n\n",
        "\n\n[Page 32]\n\n\nSeptember 1981\n                      Transmission Control Protocol\n"
        "                                     Functional Specification\n\n\n",
        "                                                               [Page 33]\n\n\n"
        "                                                          September 1981\n"
        "Transmission Control Protocol\nFunctional Specification\n\n\n\n",
        "\fRFC 793                                                September 1981\n",
    };
    size_t len;
    char *text = slurp("figures", "rfc9293-figure-12.txt", &len);
    text[len] = '\0';
    struct figure whole = parsed_octets(text, len);
    for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
        /* Behind every line of the figure, the caption included. */
        for (const char *line = strchr(text, '\n'); line != NULL; line = strchr(line + 1, '\n')) {
            char cut[8192];
            (void)snprintf(cut, sizeof(cut), "%.*s%s%s", (int)(line + 1 - text), text, breaks[i],
                           line + 1);
            struct figure f = parsed(cut);
            assert_same(&whole, &f);
            figure_done(&f);
        }
    }
    figure_done(&whole);
    free(text);
}

/* What pasting makes of a figure. */

UNIT_TEST(line_ends_and_tabs)
{
    struct figure plain = parsed("1.  CLOSED                          LISTEN\n"
                                 "2.  (Close)\n"
                                 "    SYN-SENT --> <SEQ=1><CTL=SYN>   --> SYN-RECEIVED\n"
                                 "3.                                  (Close)\n");
    static const char *const same[] = {
        "1.  CLOSED                          LISTEN\r\n2.  (Close)\r\n"
        "    SYN-SENT --> <SEQ=1><CTL=SYN>   --> SYN-RECEIVED\r\n"
        "3.                                  (Close)\r\n",
        "\xef\xbb\xbf"
        "1.  CLOSED                          LISTEN\n2.  (Close)\n"
        "    SYN-SENT --> <SEQ=1><CTL=SYN>   --> SYN-RECEIVED\n"
        "3.                                  (Close)",
        "1.\tCLOSED\t\t\t\tLISTEN\n2.\t(Close)\n"
        "\tSYN-SENT --> <SEQ=1><CTL=SYN>\t--> SYN-RECEIVED\n3.\t\t\t\t\t(Close)\n",
        "1)CLOSED LISTEN\n2 (Close)\nSYN_SENT-><SEQ = 1>< ctl=syn >--------->syn_rcvd\n"
        "3:                                  (close)\n",
        "\n\n\n1.  CLOSED   LISTEN    # as ever\n# a comment\n\n2.  (Close)\n\n\n"
        "    SYN-SENT --> <SEQ=1><CTL=SYN>   --> SYN-RECV\n\n3.                 ( CLOSE )",
    };
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        struct figure f = parsed(same[i]);
        assert_same(&plain, &f);
        figure_done(&f);
    }
    figure_done(&plain);
}

UNIT_TEST(punctuation_of_the_web)
{
    struct figure plain = parsed("1.  CLOSED      LISTEN\n"
                                 "2.  SYN-SENT    --> <SEQ=100><CTL=SYN> ...\n"
                                 "3.  (Close)     ... <SEQ=100><CTL=SYN> --> SYN-RECEIVED\n"
                                 "4.  ESTABLISHED <-- <SEQ=x-1><ACK=101><CTL=SYN,ACK> <-- "
                                 "SYN-RECEIVED [after 1s +- 20%]\n"
                                 "either \"a\"\n<-- <SEQ=1> <--\nor\n<-- <SEQ=2> <--\nend\n");
    struct figure f = parsed("１．  CLOSED      LISTEN\n"
                             "2.  SYN–SENT    —> ＜SEQ＝100＞＜CTL＝SYN＞ …\n"
                             "3.  （Close）     ⋯ 〈SEQ=１００〉⟨CTL=SYN⟩ → SYN‑RECEIVED\n"
                             "4.  ESTABLISHED ← ＜SEQ=x−1＞＜ＡＣＫ＝101＞＜CTL=SYN，ACK＞ ⟵ "
                             "SYN-RECEIVED ［after 1 s ± 20％］\n"
                             "either “a”\n≤= <SEQ=1>\xe2\x80\x8b <==\nor\n⇐ <SEQ=2> <–-\nend\n");
    assert_same(&plain, &f);
    figure_done(&f);
    figure_done(&plain);
}

/* What we print. */

UNIT_TEST(ladders)
{
    static const char *const same[] = {"handshake-60.txt", "handshake-80.txt", "handshake-120.txt"};
    static const char *const others[] = {
        "handshake-verbose-80.txt",
        "handshake-verbose-120.txt",
        "hostile-80.txt",
        "hostile-verbose-80.txt",
        "refused-80.txt",
        "synack-80.txt",
        "synack-120.txt",
        "truth-80.txt",
        "truth-120.txt",
    };
    struct figure first = parsed_file("golden", same[0]);
    assert_reads_back(&first);
    for (size_t i = 1; i < 3; i++) {
        struct figure f = parsed_file("golden", same[i]);
        assert_same(&first, &f);
        figure_done(&f);
    }
    figure_done(&first);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct figure f = parsed_file("golden", others[i]);
        assert_reads_back(&f);
        figure_done(&f);
    }
}

UNIT_TEST(a_handshake_of_ours)
{
    struct figure f = parsed_file("golden", "handshake-60.txt");
    assert_int_equal(f.count, 15);
    assert_int_equal(figure_call(&row(&f, 1)->a), CALL_CONNECT);
    assert_int_equal(row(&f, 2)->number, 2);
    assert_states(row(&f, 2), SET(SYN_SENT), SET(CLOSED) | SET(LISTEN) | SET(SYN_RECEIVED));
    assert_segment(row(&f, 5), RIGHT, "<SEQ=1><ACK=1><CTL=PSH,ACK><DATA=7>", RIGHT);
    assert_int_equal(figure_call(&row(&f, 9)->a), CALL_CLOSE);
    assert_states(row(&f, 10), SET(FIN_WAIT_1), SET(ESTABLISHED) | SET(CLOSE_WAIT) | SET(LAST_ACK));
    assert_states(row(&f, 14), SET(CLOSED), SET(CLOSED) | SET(LAST_ACK));
    assert_int_equal(row(&f, 14)->a.event, FIGURE_TWO_MSL);
    figure_done(&f);
}

UNIT_TEST(what_the_kernel_says_is_no_state_of_b)
{
    struct figure f = parsed_file("golden", "truth-120.txt");
    assert_states(row(&f, 4), SET(ESTABLISHED), SET(SYN_RECEIVED) | SET(ESTABLISHED));
    assert_states(row(&f, 7), SET(TIME_WAIT), SET(LAST_ACK));
    figure_done(&f);
    f = parsed_file("golden", "truth-80.txt");
    assert_states(row(&f, 7), SET(TIME_WAIT), SET(LAST_ACK));
    assert_string_equal(row(&f, 7)->remark, "is CLOSED");
    figure_done(&f);
}

UNIT_TEST(remarks_over_several_lines)
{
    struct figure f = parsed_file("golden", "hostile-80.txt");
    assert_int_equal(f.count, 7);
    assert_int_equal(row(&f, 1)->b.states, STATE_SET_ALL);
    assert_true(strncmp(row(&f, 1)->remark, "note with \"quotes\"", 18) == 0);
    assert_non_null(strstr(row(&f, 1)->remark, "a\\x0anew line, [parentheses], <tags>; #hash"));
    assert_true(row(&f, 2)->segment.bad_checksum);
    assert_string_equal(row(&f, 3)->a.text,
                        "a timer [with parentheses] whose text is far longer than what fits into "
                        "one line of eighty columns");
    assert_string_equal(row(&f, 5)->remark, "a note about a fault");
    assert_states(row(&f, 6), SET(SYN_SENT), SET(CLOSED));
    figure_done(&f);
}

/* Our additions. */

UNIT_TEST(headers)
{
    struct figure f =
        parsed("# first\ntitle: Who was\n  first\ncite:  RFC 9293 3.4\n"
               "about: One line.\n       Another (really) --> this.\n"
               "needs: closes, talks\n    TCP Peer A   TCP Peer B\n1. CLOSED LISTEN\n");
    assert_string_equal(f.name, "f");
    assert_string_equal(f.title, "Who was first");
    assert_string_equal(f.cite, "RFC 9293 3.4");
    assert_string_equal(f.about, "One line.\nAnother (really) --> this.");
    assert_int_equal(f.needs, FIGURE_NEEDS_LISTENS | FIGURE_NEEDS_CLOSES | FIGURE_NEEDS_TALKS);
    assert_reads_back(&f);
    figure_done(&f);
    f = parsed("needs: connects\n1. LISTEN CLOSED\n");
    assert_int_equal(f.needs, FIGURE_NEEDS_CONNECTS);
    assert_reads_back(&f);
    figure_done(&f);
    f = parsed("needs: nobody\n1. CLOSED CLOSED\n");
    assert_int_equal(f.needs, FIGURE_NEEDS_NOTHING);
    figure_done(&f);
}

UNIT_TEST(every_field)
{
    struct figure f = parsed("1. --> <SEQ=x><ACK=y_2-7><FLAGS=><DATA=0><WIN=0><MSS=65535><WS=14>"
                             "<SACK><TS><URG=9><TTL=255><BADSUM> -->\n"
                             "2. --> <DATA><OPT=0204ffd7 ><CTL=ae , cwr,RES1>  ...\n"
                             "3. --> <SEQ=4294967295><OPT=><WIN=65535> -->\n");
    const struct figure_segment *s = &row(&f, 0)->segment;
    assert_string_equal(s->seq.symbol, "x");
    assert_int_equal(s->seq.value, 0);
    assert_string_equal(s->ack.symbol, "y_2");
    assert_int_equal(s->ack.value, (uint32_t)-7);
    assert_true(s->has_flags && s->flags == 0 && s->has_len && s->len == 0 && s->has_data);
    assert_true(s->has_win && s->has_mss && s->has_wscale && s->sack_permitted && s->timestamps);
    assert_true(s->has_urg && s->has_ttl && s->bad_checksum && !s->has_options);
    assert_segment(row(&f, 0), RIGHT,
                   "<SEQ=x><ACK=y_2-7><CTL=><DATA=0><WIN=0><URG=9><MSS=65535><WS=14><SACK><TS>"
                   "<TTL=255><BADSUM>",
                   RIGHT);
    s = &row(&f, 1)->segment;
    assert_int_equal(s->flags, FLAG_AE | FLAG_CWR | FLAG_RES1);
    assert_true(s->has_data && !s->has_len && !s->seq.given);
    assert_int_equal(s->options_len, 4);
    assert_memory_equal(s->options, "\x02\x04\xff\xd7", 4);
    s = &row(&f, 2)->segment;
    assert_true(s->has_options && s->options_len == 0 && !s->has_flags);
    assert_int_equal(s->seq.value, UINT32_MAX);
    assert_reads_back(&f);
    figure_done(&f);
}

UNIT_TEST(every_event)
{
    static const struct {
        const char *text;
        enum figure_event event;
        enum call call;
    } events[] = {
        {"(connect)", FIGURE_CALL, CALL_CONNECT},
        {"(Open)", FIGURE_CALL, CALL_CONNECT},
        {"(listen)", FIGURE_CALL, CALL_LISTEN},
        {"(CLOSE)", FIGURE_CALL, CALL_CLOSE},
        {"( abort )", FIGURE_CALL, CALL_ABORT},
        {"(CRASH)", FIGURE_CALL, CALL_CRASH},
        {"(Reboot)", FIGURE_CALL, CALL_CRASH},
        {"(2 MSL)", FIGURE_TWO_MSL, CALL_COUNT},
        {"(2MSL)", FIGURE_TWO_MSL, CALL_COUNT},
        {"(wait 3s)", FIGURE_WAIT, CALL_COUNT},
        {"(new  ISN)", FIGURE_NEW_ISN, CALL_COUNT},
        {"(say \"hi\")", FIGURE_CALL, CALL_SEND},
        {"(send x,receive y+1)", FIGURE_NUMBERS, CALL_COUNT},
        {"(Abort!!)", FIGURE_REMARK, CALL_COUNT},
        {"(wait for it)", FIGURE_REMARK, CALL_COUNT},
        {"()", FIGURE_REMARK, CALL_COUNT},
        {"(send it)", FIGURE_REMARK, CALL_COUNT},
        {"(a (nested) one)", FIGURE_REMARK, CALL_COUNT},
        {"(sends 1,receive 2)", FIGURE_REMARK, CALL_COUNT},
    };
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        char text[128];
        (void)snprintf(text, sizeof(text),
                       "    TCP A         TCP B\n1.  %s\n2.                %s\n", events[i].text,
                       events[i].text);
        struct figure f = parsed(text);
        assert_int_equal(row(&f, 0)->a.event, events[i].event);
        assert_int_equal(figure_call(&row(&f, 0)->a), events[i].call);
        assert_int_equal(row(&f, 0)->b.event, FIGURE_NOTHING);
        assert_int_equal(row(&f, 1)->b.event, events[i].event);
        assert_int_equal(figure_call(&row(&f, 1)->b), events[i].call);
        assert_int_equal(row(&f, 1)->a.event, FIGURE_NOTHING);
        assert_reads_back(&f);
        figure_done(&f);
    }
}

UNIT_TEST(what_is_said)
{
    struct figure f =
        parsed("1. (say \"a)(\\\"\\r\\n\\t\\\\\\0\\xfe é\") CLOSED\n2. (wait 1.5 s)\n");
    assert_int_equal(row(&f, 0)->a.text_len, 13);
    assert_memory_equal(row(&f, 0)->a.text, "a)(\"\r\n\t\\\0\xfe \xc3\xa9", 13);
    assert_int_equal(row(&f, 0)->a.states, SET(CLOSED));
    assert_int_equal(row(&f, 1)->a.wait_ns, 1500 * CLOCK_MS);
    assert_reads_back(&f);
    figure_done(&f);
}

UNIT_TEST(times)
{
    struct figure f = parsed("1. <-- <SEQ=1> <-- CLOSED [within 200ms]\n"
                             "2. <-- <SEQ=1> <-- [after 1s] [within 2 s]\n"
                             "3. <-- <SEQ=1> <-- [after 1s +- 200ms]\n"
                             "4. <-- <SEQ=1> <-- [after 10ms +/- 50%]\n"
                             "5. [silence 3s]\n6. CLOSED [silence 1m] # really\n"
                             "7. <-- <SEQ=1> <-- [after 8ms]\n");
    assert_int_equal(row(&f, 0)->within_ns, 200 * CLOCK_MS);
    assert_int_equal(row(&f, 1)->after_ns, CLOCK_S);
    assert_int_equal(row(&f, 1)->tolerance_ns, 125 * CLOCK_MS);
    assert_int_equal(row(&f, 1)->within_ns, 2 * CLOCK_S);
    assert_int_equal(row(&f, 2)->tolerance_ns, 200 * CLOCK_MS);
    assert_int_equal(row(&f, 3)->tolerance_ns, 5 * CLOCK_MS);
    assert_int_equal(row(&f, 4)->silence_ns, 3 * CLOCK_S);
    assert_int_equal(row(&f, 5)->silence_ns, CLOCK_MIN);
    assert_int_equal(row(&f, 5)->a.states, SET(CLOSED));
    assert_int_equal(row(&f, 6)->tolerance_ns, 4 * CLOCK_MS);
    assert_reads_back(&f);
    figure_done(&f);
}

UNIT_TEST(blocks)
{
    struct figure f = parsed("1. CLOSED LISTEN\nrepeat 3\neither \"one, RFC 9293\"\n"
                             "2. <-- <SEQ=1> <--\nor \"two\" deviates\n2. <-- <SEQ=2> <--\n"
                             "or \"three\" [deviates]\n[silence 1s]\nend\nend\n");
    static const enum figure_item_kind kinds[] = {
        FIGURE_ROW, FIGURE_REPEAT, FIGURE_EITHER, FIGURE_ROW, FIGURE_OR,
        FIGURE_ROW, FIGURE_OR,     FIGURE_ROW,    FIGURE_END, FIGURE_END,
    };
    assert_int_equal(f.count, 10);
    for (size_t i = 0; i < f.count; i++)
        assert_int_equal(f.items[i].kind, kinds[i]);
    assert_int_equal(f.items[1].count, 3);
    assert_int_equal(f.items[1].to, 9);
    assert_int_equal(f.items[9].to, 1);
    assert_int_equal(f.items[2].to, 4);
    assert_int_equal(f.items[4].to, 6);
    assert_int_equal(f.items[6].to, 8);
    assert_int_equal(f.items[8].to, 2);
    assert_string_equal(f.items[2].name, "one, RFC 9293");
    assert_false(f.items[2].deviates);
    assert_true(f.items[4].deviates && f.items[6].deviates);
    assert_reads_back(&f);
    figure_done(&f);
}

/* Which column a lone thing belongs to. */
UNIT_TEST(lone_things)
{
    struct figure f = parsed("  CLOSED                      LISTEN\n"
                             "  SYN-SENT --> <SEQ=1>    --> SYN-RECEIVED\n"
                             "  (Close)\n"
                             "                              (Close)\n"
                             "                         CLOSED\n"
                             "       CLOSED\n"
                             "               (Close)\n"
                             "  CLOSED       (gone)\n"
                             "  CLOSED (gone)               LISTEN (come)\n"
                             "  CLOSED       (2 MSL)        LISTEN\n"
                             "               (noticed)      LISTEN\n"
                             "     (Close) FIN-WAIT-1\n"
                             "  CLOSED           (send 300,receive 100)\n");
    assert_int_equal(row(&f, 0)->number, 0);
    assert_false(row(&f, 0)->begins_step);
    assert_int_equal(figure_call(&row(&f, 2)->a), CALL_CLOSE);
    assert_int_equal(figure_call(&row(&f, 3)->b), CALL_CLOSE);
    assert_states(row(&f, 4), STATE_SET_NONE, SET(CLOSED));
    assert_states(row(&f, 5), SET(CLOSED), STATE_SET_NONE);
    assert_int_equal(figure_call(&row(&f, 6)->a), CALL_CLOSE);
    assert_string_equal(row(&f, 7)->remark, "gone");
    assert_int_equal(row(&f, 8)->a.event, FIGURE_REMARK);
    assert_string_equal(row(&f, 8)->b.text, "come");
    assert_int_equal(row(&f, 9)->a.event, FIGURE_TWO_MSL);
    assert_null(row(&f, 9)->remark);
    assert_string_equal(row(&f, 10)->remark, "noticed");
    assert_int_equal(figure_call(&row(&f, 11)->a), CALL_CLOSE);
    assert_states(row(&f, 11), SET(FIN_WAIT_1), STATE_SET_NONE);
    assert_int_equal(row(&f, 12)->b.event, FIGURE_NUMBERS);
    assert_reads_back(&f);
    figure_done(&f);
}

UNIT_TEST(text_around)
{
    struct figure plain = parsed("1. CLOSED LISTEN\n2. --> <SEQ=1> -->\n");
    struct figure f = parsed("The simplest handshake is shown in Figure 6, as it was then\n"
                             "between CLOSED and LISTEN.\n\n Figure 6: the handshake\n\n"
                             " tcp a         tcp b\n1. CLOSED LISTEN\n2. --> <SEQ=1> -->\n"
                             "           Basic 3-Way Handshake\n     Figure 7.\n\n"
                             "At line 4, TCP A responds (-->) with LISTEN.\n\f\n");
    assert_same(&plain, &f);
    figure_done(&f);
    figure_done(&plain);
}

/* Complaints. */

static const struct {
    const char *text, *fault;
} complaints[] = {
    {"", "f:1:1: no rows, expected one such as \"1.  CLOSED   LISTEN\""},
    {"title: x\n", "f:2:1: no rows, expected one such as \"1.  CLOSED   LISTEN\""},
    {"title: x\n titel: y\ntitel: z\n",
     "f:3:1: no such header, expected title: cite: about: or needs:"},
    {"title: x\ntitle: y\n", "f:2:1: a second 'title:', expected one"},
    {"needs: listens, sleeps\n", "f:1:17: expected listens, connects, closes, talks or nobody"},
    {"1. CLOSED LISTN\n", "f:1:11: 'LISTN' is no state, expected one such as SYN-RECEIVED"},
    {"1. CLOSED LISTEN\n   CLSED    CLOSED\n",
     "f:2:4: 'CLSED' is no state, expected one such as SYN-RECEIVED"},
    {"1. FIN-WAIT CLOSED\n", "f:1:4: 'FIN-WAIT' is no state, expected one such as SYN-RECEIVED"},
    {"1. CLOSED LISTEN CLOSED\n",
     "f:1:18: one state too many in this row, expected one of A and one of B"},
    {"1. CLOSED CLOSED --> <SEQ=1> -->\n",
     "f:1:11: one state too many in this row, expected one of A and one of B"},
    {"1. |CLOSED\n", "f:1:4: expected a state before the |"},
    {"1. CLOSED LISTEN|\n2. CLOSED LISTEN\n",
     "f:1:11: this set of states ends with |, expected another state below it"},
    {"12345. CLOSED\n", "f:1:1: the number of a step has at most 4 digits"},
    {"1. CLOSED --> LISTEN\n", "f:1:15: expected a segment such as <SEQ=100><CTL=SYN>"},
    {"1. CLOSED -->\n", "f:1:14: expected a segment such as <SEQ=100><CTL=SYN>"},
    {"1. CLOSED <SEQ=1> --> LISTEN\n",
     "f:1:11: a segment without an arrow, expected -->, <-- or ... before it"},
    {"1. CLOSED --> <SEQ=1> LISTEN\n", "f:1:23: expected -->, <-- or ... behind the segment"},
    {"1. CLOSED --> <SEQ=1>\n", "f:1:22: expected -->, <-- or ... behind the segment"},
    {"1. CLOSED --> <SEQ=1> <-- LISTEN\n",
     "f:1:23: the arrows point to different ends, expected --> here"},
    {"1. CLOSED ... <SEQ=1> ... LISTEN\n",
     "f:1:23: a segment that neither leaves nor arrives, expected an arrow at one end"},
    {"1. CLOSED <--> <SEQ=1>\n", "f:1:11: an arrow that points both ways, expected --> or <--"},
    {"1. CLOSED --- <SEQ=1>\n", "f:1:11: a line without a head, expected -->"},
    {"1. CLOSED . <SEQ=1>\n", "f:1:11: a single dot, expected ... for what is in the network"},
    {"1. CLOSED --> <SEQ=1 --> LISTEN\n", "f:1:15: this < is never closed, expected >"},
    {"1. CLOSED --> <SEQ=1\n", "f:1:15: this < is never closed, expected >"},
    {"1. CLOSED (Close\n2. CLOSED\n", "f:1:11: this ( is never closed, expected )"},
    {"1. CLOSED [within 3s\n", "f:1:11: this [ is never closed, expected ]"},
    {"1. CLOSED %\n", "f:1:11: '%' has no meaning here"},
    {"1. CLOSED \xe4\xb8\x80\n", "f:1:11: a character that has no meaning here"},
    {"1. CLOSED \xff\n", "f:1:11: octet 0xff is no UTF-8, expected plain text"},
    {"1. CLOSED \x1b[0m\n", "f:1:11: control character 0x1b, expected plain text"},
    {"1. CLOSED \xc2\x9b\n", "f:1:11: control character 0x9b, expected plain text"},
    {"1. --> <> -->\n",
     "f:1:9: expected a field: SEQ ACK CTL DATA WIN MSS WS SACK TS URG OPT BADSUM TTL"},
    {"1. --> <SEQ=1><LEN=5> -->\n",
     "f:1:16: expected a field: SEQ ACK CTL DATA WIN MSS WS SACK TS URG OPT BADSUM TTL"},
    {"1. --> <SEQ=1><SEQ=2> -->\n", "f:1:16: this field stands in the segment already"},
    {"1. --> <CTL=SYN><FLAGS=ACK> -->\n", "f:1:18: this field stands in the segment already"},
    {"1. --> <SEQ> -->\n", "f:1:12: expected = and a value behind SEQ"},
    {"1. --> <SACK=1> -->\n", "f:1:14: SACK takes no value, expected <SACK>"},
    {"1. --> <SEQ=> -->\n", "f:1:13: expected a sequence number or a symbol, such as 100 or x+1"},
    {"1. --> <SEQ=-1> -->\n", "f:1:13: expected a sequence number or a symbol, such as 100 or x+1"},
    {"1. --> <SEQ=4294967296> -->\n", "f:1:13: expected a number from 0 to 4294967295"},
    {"1. --> <SEQ=1o0> -->\n", "f:1:13: expected a number from 0 to 4294967295"},
    {"1. --> <SEQ=x*2> -->\n", "f:1:14: expected + or - and a number behind the symbol"},
    {"1. --> <SEQ=x+> -->\n", "f:1:15: expected a number from 0 to 4294967295"},
    {"1. --> <SEQ=abcdefghijklmnop> -->\n", "f:1:13: a symbol of more than 15 characters"},
    {"1. --> <CTL=SYN,AKC> -->\n", "f:1:17: expected control bits: SYN FIN RST PSH ACK URG ECE "
                                   "CWR AE, commas between"},
    {"1. --> <CTL=SYN,> -->\n", "f:1:16: expected a control bit behind the comma"},
    {"1. --> <WIN=65536> -->\n", "f:1:13: expected a number from 0 to 65535"},
    {"1. --> <TTL=256> -->\n", "f:1:13: expected a number from 0 to 255"},
    {"1. --> <OPT=0x> -->\n", "f:1:14: expected a hexadecimal digit"},
    {"1. --> <OPT=010203> -->\n", "f:1:13: options of 6 digits, expected 8 or another multiple of "
                                  "8 up to 80"},
    {"1. --> <OPT=01010101><MSS=5> -->\n",
     "f:1:23: OPT gives all options, expected no MSS, WS, SACK or TS beside it"},
    {"1. (wait 3x)\n", "f:1:10: '3x' is not a duration; write a number with us, ms, s or m, such "
                       "as 250ms"},
    {"1. (say hello)\n", "f:1:9: expected what to say in quotes: (say \"hello\")"},
    {"1. (say \"a\\q\")\n", "f:1:11: no such escape, expected \\r \\n \\t \\0 \\\\ \\\" or \\xHH"},
    {"1. (say \"a\" loudly)\n", "f:1:12: expected \")"},
    {"1. (send 3oo,receive 1)\n", "f:1:10: expected a number from 0 to 4294967295"},
    {"1. (Close) (Abort) --> <SEQ=1> -->\n",
     "f:1:13: a second event in one cell, expected one a row"},
    {"1. (duplicate)\n", "f:1:4: (duplicate) without a segment, expected it in the segment's row"},
    {"1. [within 3s]\n", "f:1:5: expected a state, an event or a segment"},
    {"1. CLOSED [in 3s]\n", "f:1:12: expected [within 200ms], [after 1s +- 10%] or [silence 3s]"},
    {"1. CLOSED [within]\n", "f:1:18: '' is not a duration; write a number with us, ms, s or m, "
                             "such as 250ms"},
    {"1. CLOSED [within 0s]\n", "f:1:19: expected more than no time at all"},
    {"1. CLOSED [within 1s] [within 2s]\n", "f:1:24: stands in this row already"},
    {"1. CLOSED [after 1s +10%]\n", "f:1:22: expected +- and a tolerance, such as +-10%"},
    {"1. CLOSED [after 1s +- 101%]\n", "f:1:24: expected at most 100%, such as 12.5%"},
    {"1. CLOSED [within 1s] LISTEN\n", "f:1:23: expected the end of the line"},
    {"1. --> <SEQ=1> --> [silence 1s]\n",
     "f:1:1: [silence] beside something that happens, expected a row of its own"},
    {"or\n", "f:1:1: 'or' without 'either'"},
    {"end\n", "f:1:1: 'end' without 'either' or 'repeat'"},
    {"1. CLOSED\neither\n2. CLOSED\neither\n", "f:4:1: 'either' within 'either', expected rows"},
    {"either\n1. CLOSED\nrepeat 2\n", "f:3:1: 'repeat' within a block, expected rows"},
    {"repeat 2\nrepeat 2\n", "f:2:1: 'repeat' within a block, expected rows"},
    {"repeat\n", "f:1:7: expected how many times, from 1 to 100"},
    {"repeat 101\n", "f:1:8: expected how many times, from 1 to 100"},
    {"repeat 2 times\n", "f:1:10: expected the end of the line"},
    {"either \"a\" fails\n", "f:1:12: expected a name in quotes or deviates"},
    {"either\nor\n", "f:2:1: expected rows before the next alternative"},
    {"repeat 2\nend\n", "f:2:1: expected rows before the end of the block"},
    {"1. CLOSED\neither\n2. CLOSED\nor\n3. CLOSED\n",
     "f:2:1: this 'either' is never closed, expected 'end'"},
    {" repeat 2\n1. CLOSED\n", "f:1:2: this 'repeat' is never closed, expected 'end'"},
    {"1. CLOSED LISTEN\n\nFigure 1: x\n2. CLOSED LISTEN\n",
     "f:4:1: a row behind the end of the figure, which line 3 was taken for"},
    {"1. CLOSED LISTEN\nclosd listen\n  --> <SEQ=1> -->\n",
     "f:3:3: a row behind the end of the figure, which line 2 was taken for"},
    {" TCP A  TCP B\n1. CLOSED LISTEN\n\n TCP A  TCP B\n",
     "f:4:2: a second figure begins here, expected one figure a file"},
    {"\xef\xbb\xbf\t1. CLOSED\t%\n", "f:1:12: '%' has no meaning here"},
};

UNIT_TEST(complaints_have_their_place)
{
    for (size_t i = 0; i < sizeof(complaints) / sizeof(complaints[0]); i++) {
        struct figure f;
        struct fault fault = {"none"};
        size_t len = strlen(complaints[i].text);
        char *exact = (char *)unit_copy(complaints[i].text, len);
        enum status s = figure_parse(&f, "f", exact, len, &fault);
        free(exact);
        assert_string_equal(fault.text, complaints[i].fault);
        assert_int_equal(s, STATUS_MALFORMED);
        assert_null(f.items);
        assert_null(f.store);
    }
}

UNIT_TEST(two_figures_are_one_too_many)
{
    size_t len;
    struct figure f;
    struct fault fault;
    char *text = slurp("golden", "sessions-80.txt", &len);
    assert_int_equal(figure_parse(&f, "s", text, len, &fault), STATUS_MALFORMED);
    assert_string_equal(fault.text,
                        "s:19:8: a second figure begins here, expected one figure a file");
    free(text);
}

UNIT_TEST(limits)
{
    struct figure f;
    struct fault fault;
    char *text = malloc(FIGURE_SOURCE_MAX + 1);
    assert_non_null(text);
    memset(text, '#', FIGURE_SOURCE_MAX + 1);
    memcpy(text, "CLOSED\n", 7);
    assert_int_equal(figure_parse(&f, "f", text, FIGURE_SOURCE_MAX, &fault), STATUS_OK);
    figure_done(&f);
    assert_int_equal(figure_parse(&f, "f", text, FIGURE_SOURCE_MAX + 1, &fault), STATUS_MALFORMED);
    assert_string_equal(fault.text, "f:1:1: more than 65536 octets, expected a figure");
    for (size_t i = 0; i < FIGURE_ITEMS_MAX + 1; i++)
        memcpy(text + 7 * i, "CLOSED\n", 7);
    assert_int_equal(figure_parse(&f, "f", text, 7 * FIGURE_ITEMS_MAX, &fault), STATUS_OK);
    figure_done(&f);
    assert_int_equal(figure_parse(&f, "f", text, 7 * (FIGURE_ITEMS_MAX + 1), &fault),
                     STATUS_MALFORMED);
    assert_string_equal(fault.text, "f:1001:1: more than 1000 rows, expected a figure that fits on "
                                    "a few pages");
    memset(text, '|', 200);
    memcpy(text, "CLOSED", 6);
    assert_int_equal(figure_parse(&f, "f", text, 200, &fault), STATUS_MALFORMED);
    assert_string_equal(fault.text, "f:1:70: more than 64 things in one line");
    free(text);
}
