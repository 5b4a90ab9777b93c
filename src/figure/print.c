/* See print.h. */
#include "figure/print.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "figure/header.h"
#include "figure/timing.h"
#include "wire/flags.h"

static void put(struct text *out, const char *s)
{
    text_put(out, s, strlen(s));
}

/* "100", "x+1"; "" if it is not given. */
static void figure_print_number(struct text *out, const struct figure_number *n)
{
    if (!n->given)
        return;
    if (n->symbol[0] == '\0')
        text_printf(out, "%" PRIu32, n->value);
    else if (n->value == 0)
        put(out, n->symbol);
    else if (n->value <= INT32_MAX)
        text_printf(out, "%s+%" PRIu32, n->symbol, n->value);
    else
        text_printf(out, "%s-%" PRIu32, n->symbol, (uint32_t)(0 - n->value));
}

/* "3s", "200ms", exactly. */
static void figure_print_duration(struct text *out, int64_t ns)
{
    if (ns % CLOCK_S == 0)
        text_printf(out, "%" PRId64 "s", ns / CLOCK_S);
    else if (ns % CLOCK_MS == 0)
        text_printf(out, "%" PRId64 "ms", ns / CLOCK_MS);
    else if (ns % CLOCK_US == 0)
        text_printf(out, "%" PRId64 "us", ns / CLOCK_US);
    else
        text_printf(out, "%" PRId64 ".%03" PRId64 "us", ns / CLOCK_US, ns % CLOCK_US);
}

/* Segments. */

static void print_sequence(struct text *out, const char *name, const struct figure_number *n)
{
    if (!n->given)
        return;
    text_printf(out, "<%s=", name);
    figure_print_number(out, n);
    put(out, ">");
}

static void print_options(struct text *out, const struct figure_segment *s)
{
    if (s->has_mss)
        text_printf(out, "<MSS=%u>", (unsigned)s->mss);
    if (s->has_wscale)
        text_printf(out, "<WS=%u>", (unsigned)s->wscale);
    if (s->sack_permitted)
        put(out, "<SACK>");
    if (s->timestamps)
        put(out, "<TS>");
    if (!s->has_options)
        return;
    put(out, "<OPT=");
    for (size_t i = 0; i < s->options_len; i++)
        text_printf(out, "%02x", (unsigned)s->options[i]);
    put(out, ">");
}

void figure_print_segment(struct text *out, const struct figure_segment *s)
{
    print_sequence(out, "SEQ", &s->seq);
    print_sequence(out, "ACK", &s->ack);
    if (s->has_flags) {
        char flags[FLAGS_TEXT_MAX];
        text_printf(out, "<CTL=%s>", flags_format(s->flags, flags));
    }
    if (s->has_len)
        text_printf(out, "<DATA=%" PRIu32 ">", s->len);
    else if (s->has_data)
        put(out, "<DATA>");
    if (s->has_win)
        text_printf(out, "<WIN=%u>", (unsigned)s->win);
    if (s->has_urg)
        text_printf(out, "<URG=%u>", (unsigned)s->urg);
    print_options(out, s);
    if (s->has_ttl)
        text_printf(out, "<TTL=%u>", (unsigned)s->ttl);
    if (s->bad_checksum)
        put(out, "<BADSUM>");
}

const char *figure_print_arrow(enum figure_arrow arrow)
{
    static const char *const arrows[] = {
        [FIGURE_ARROW_NONE] = "   ",
        [FIGURE_ARROW_RIGHT] = "-->",
        [FIGURE_ARROW_LEFT] = "<--",
        [FIGURE_ARROW_HELD] = "...",
    };
    return arrows[arrow];
}

/* Cells. */

static void print_said(struct text *out, const struct figure_cell *c)
{
    static const char octets[] = "\r\n\t\\\"", names[] = "rnt\\\"";
    put(out, "(say \"");
    for (size_t i = 0; i < c->text_len; i++) {
        unsigned char octet = (unsigned char)c->text[i];
        const char *known = octet != '\0' ? strchr(octets, octet) : NULL;
        if (known != NULL)
            text_printf(out, "\\%c", names[known - octets]);
        else if (octet >= 0x20 && octet < 0x7f)
            text_put(out, &c->text[i], 1);
        else
            text_printf(out, "\\x%02x", (unsigned)octet);
    }
    put(out, "\")");
}

static void print_call(struct text *out, const struct figure_cell *c)
{
    static const char *const words[CALL_COUNT] = {
        [CALL_CONNECT] = "(connect)", [CALL_LISTEN] = "(listen)", [CALL_CLOSE] = "(Close)",
        [CALL_ABORT] = "(Abort)",     [CALL_CRASH] = "(REBOOT)",
    };
    if (c->call == CALL_SEND)
        print_said(out, c);
    else
        put(out, words[c->call]);
}

static void print_event(struct text *out, const struct figure_cell *c)
{
    switch (c->event) {
    case FIGURE_NOTHING:
        return;
    case FIGURE_REMARK:
        put(out, "(");
        text_put(out, c->text, c->text_len);
        put(out, ")");
        return;
    case FIGURE_CALL:
        print_call(out, c);
        return;
    case FIGURE_WAIT:
        put(out, "(wait ");
        figure_print_duration(out, c->wait_ns);
        put(out, ")");
        return;
    case FIGURE_NUMBERS:
        put(out, "(send ");
        figure_print_number(out, &c->send);
        put(out, ",receive ");
        figure_print_number(out, &c->receive);
        put(out, ")");
        return;
    case FIGURE_TWO_MSL:
        put(out, "(2 MSL)");
        return;
    case FIGURE_NEW_ISN:
        put(out, "(new ISN)");
        return;
    case FIGURE_OTHER_PORT:
        put(out, "(other port)");
        return;
    case FIGURE_FIRST_PORT:
        put(out, "(first port)");
        return;
    }
}

static void part(struct text *out, size_t begin)
{
    if (out->len != begin)
        put(out, " ");
}

void figure_print_cell(struct text *out, const struct figure_cell *c)
{
    size_t begin = out->len;
    if (c->duplicate)
        put(out, "(duplicate)");
    if (c->event != FIGURE_NOTHING) {
        part(out, begin);
        print_event(out, c);
    }
    if (c->states != STATE_SET_NONE) {
        char states[STATE_SET_TEXT_MAX];
        part(out, begin);
        put(out, state_set_format(c->states, states));
    }
}

void figure_print_times(struct text *out, const struct figure_row *r)
{
    size_t begin = out->len;
    if (r->within_ns != 0) {
        put(out, "[within ");
        figure_print_duration(out, r->within_ns);
        put(out, "]");
    }
    if (r->after_ns != 0) {
        part(out, begin);
        put(out, "[after ");
        figure_print_duration(out, r->after_ns);
        if (r->tolerance_ns != timing_tolerance(r->after_ns)) {
            put(out, " +- ");
            figure_print_duration(out, r->tolerance_ns);
        }
        put(out, "]");
    }
    if (r->silence_ns != 0) {
        part(out, begin);
        put(out, "[silence ");
        figure_print_duration(out, r->silence_ns);
        put(out, "]");
    }
}

/* The figure. */

enum {
    ARROW = 3,
    HEAD = 10,  /* "TCP Peer A" */
    MARGIN = 4, /* the number and its blank; more for numbers of more than two digits */
};

/* Where the columns begin, in cells. */
struct layout {
    size_t a, segment, b;
};

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t cells(struct text *scratch)
{
    size_t n = scratch->data != NULL ? text_cells(scratch->data, scratch->len) : 0;
    text_clear(scratch);
    return n;
}

static bool is_empty(const struct figure_cell *c)
{
    return c->event == FIGURE_NOTHING && !c->duplicate && c->states == STATE_SET_NONE;
}

static struct layout layout_of(const struct figure *f)
{
    size_t number = MARGIN, a = HEAD, segment = 0;
    struct text scratch;
    text_init(&scratch);
    for (size_t i = 0; i < f->count; i++) {
        const struct figure_row *r = &f->items[i].row;
        if (f->items[i].kind != FIGURE_ROW)
            continue;
        text_printf(&scratch, "%u. ", r->number);
        number = larger(number, cells(&scratch));
        if (r->has_segment || !is_empty(&r->b)) /* else it may be as wide as it is */
            figure_print_cell(&scratch, &r->a);
        a = larger(a, cells(&scratch));
        if (r->has_segment)
            figure_print_segment(&scratch, &r->segment);
        segment = larger(segment, cells(&scratch));
    }
    text_done(&scratch);
    struct layout l = {.a = number};
    l.segment = l.a + a + 1 + ARROW + 1;
    l.b = l.segment + segment + 2 + ARROW + 1;
    return l;
}

static void print_row(struct text *out, const struct figure_row *r, const struct layout *l)
{
    size_t begin = out->len;
    if (r->begins_step)
        text_printf(out, "%u.", r->number);
    if (!is_empty(&r->a)) {
        text_pad(out, l->a);
        figure_print_cell(out, &r->a);
    }
    if (r->has_segment) {
        text_pad(out, l->segment - ARROW - 1);
        text_printf(out, "%s ", figure_print_arrow(r->a_arrow));
        figure_print_segment(out, &r->segment);
        text_pad(out, l->b - ARROW - 1);
        put(out, figure_print_arrow(r->b_arrow));
    }
    if (!is_empty(&r->b)) {
        text_pad(out, l->b);
        figure_print_cell(out, &r->b);
    }
    if (r->within_ns != 0 || r->after_ns != 0 || r->silence_ns != 0) {
        text_pad(out, l->a);
        part(out, begin);
        figure_print_times(out, r);
    }
    put(out, "\n");
    if (r->remark != NULL) {
        text_pad(out, l->segment);
        text_printf(out, "(%s)\n", r->remark);
    }
}

static void print_alternative(struct text *out, const struct figure_item *item)
{
    put(out, item->kind == FIGURE_EITHER ? "either" : "or");
    if (item->name[0] != '\0')
        text_printf(out, " \"%s\"", item->name);
    put(out, item->deviates ? " deviates\n" : "\n");
}

static void print_item(struct text *out, const struct figure_item *item, const struct layout *l)
{
    switch (item->kind) {
    case FIGURE_ROW:
        print_row(out, &item->row, l);
        return;
    case FIGURE_EITHER:
    case FIGURE_OR:
        print_alternative(out, item);
        return;
    case FIGURE_REPEAT:
        text_printf(out, "repeat %u\n", item->count);
        return;
    case FIGURE_END:
        put(out, "end\n");
        return;
    }
}

/* A text of several lines goes on indented. */
static void print_header(struct text *out, const char *name, const char *text)
{
    if (*text == '\0')
        return;
    text_printf(out, "%s:", name);
    for (size_t n; *text != '\0'; text += n + (text[n] == '\n')) {
        n = strcspn(text, "\n");
        text_pad(out, 7);
        text_put(out, text, n);
        put(out, "\n");
    }
}

void figure_print_needs(struct text *out, unsigned needs)
{
    if (needs == FIGURE_NEEDS_LISTENS)
        return;
    put(out, "needs:");
    for (unsigned bit = 1; bit <= needs; bit <<= 1) {
        const char *word = header_need(bit);
        if ((needs & bit) != 0 && word != NULL)
            text_printf(out, " %s", word);
    }
    put(out, "\n");
}

void figure_print(struct text *out, const struct figure *f)
{
    struct layout l = layout_of(f);
    size_t begin = out->len;
    print_header(out, "title", f->title);
    print_header(out, "cite", f->cite);
    print_header(out, "about", f->about);
    figure_print_needs(out, f->needs);
    if (out->len != begin)
        put(out, "\n");
    text_pad(out, l.a);
    put(out, "TCP Peer A");
    text_pad(out, l.b);
    put(out, "TCP Peer B\n");
    for (size_t i = 0; i < f->count; i++)
        print_item(out, &f->items[i], &l);
}
