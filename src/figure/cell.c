/* See cell.h. */
#include "figure/cell.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "figure/fields.h"

/* States. */

static const struct {
    const char *name; /* without its dashes */
    enum state state;
} spellings[] = {
    {"SYNRCVD", STATE_SYN_RECEIVED}, {"SYNRECV", STATE_SYN_RECEIVED}, {"ESTAB", STATE_ESTABLISHED},
    {"FINWAIT1", STATE_FIN_WAIT_1},  {"FINWAIT2", STATE_FIN_WAIT_2},
};

static size_t without_dashes(const char *s, size_t n, char *out, size_t cap)
{
    size_t len = 0;
    for (size_t i = 0; i < n && len + 1 < cap; i++) {
        if (s[i] != '-' && s[i] != '_')
            out[len++] = s[i];
    }
    out[len] = '\0';
    return len;
}

enum status cell_state(const struct lex *l, const struct lex_token *t, enum state *state,
                       struct fault *fault)
{
    char word[24], name[24];
    size_t n = t->to - t->from;
    without_dashes(l->line + t->from, n, word, sizeof(word));
    for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++) {
        without_dashes(state_name(s), strlen(state_name(s)), name, sizeof(name));
        if (strcasecmp(word, name) == 0) {
            *state = s;
            return STATUS_OK;
        }
    }
    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
        if (strcasecmp(word, spellings[i].name) == 0) {
            *state = spellings[i].state;
            return STATUS_OK;
        }
    }
    return lex_fault(l, t->from, fault, "'%.*s' is no state, expected one such as SYN-RECEIVED",
                     n < 32 ? (int)n : 32, l->line + t->from);
}

/* Events. */

/* Case does not matter when they are read; of two spellings the first is printed. */
static const struct {
    const char *words;
    enum figure_event event;
    enum call call;
} events[] = {
    {"connect", FIGURE_CALL, CALL_CONNECT},
    {"open", FIGURE_CALL, CALL_CONNECT},
    {"listen", FIGURE_CALL, CALL_LISTEN},
    {"Close", FIGURE_CALL, CALL_CLOSE},
    {"Abort", FIGURE_CALL, CALL_ABORT},
    {"REBOOT", FIGURE_CALL, CALL_CRASH},
    {"crash", FIGURE_CALL, CALL_CRASH},
    {"2 MSL", FIGURE_TWO_MSL, CALL_COUNT},
    {"2MSL", FIGURE_TWO_MSL, CALL_COUNT},
    {"new ISN", FIGURE_NEW_ISN, CALL_COUNT},
    {"other port", FIGURE_OTHER_PORT, CALL_COUNT},
    {"first port", FIGURE_FIRST_PORT, CALL_COUNT},
};

/* What may stand behind a backslash, and the octets it stands for: the last is the NUL. */
static const char escapes[] = "rnt\\\"0", escaped[] = "\r\n\t\\\"";

/* A parenthesis that is being read: the characters [at, to) are left. */
struct inside {
    const struct lex *lex;
    size_t at, to;
};

/* Takes a word, ended by a blank or one of `stops`, and the blanks behind it. */
static bool take_word(struct inside *in, const char *word)
{
    size_t n = strlen(word), end = in->at + n;
    if (end > in->to || strncasecmp(in->lex->line + in->at, word, n) != 0)
        return false;
    if (end < in->to && (isalnum((unsigned char)in->lex->line[end]) || in->lex->line[end] == '_'))
        return false;
    in->at = end;
    lex_trim(in->lex, &in->at, &in->to);
    return true;
}

static bool says(const struct lex *l, const struct lex_token *t, const char *words)
{
    struct inside in = {l, t->from, t->to};
    for (size_t n; *words != '\0'; words += n + (words[n] == ' ')) {
        char word[16];
        n = strcspn(words, " ");
        (void)snprintf(word, sizeof(word), "%.*s", (int)n, words);
        if (!take_word(&in, word))
            return false;
    }
    return in.at == in.to;
}

/* The octet that an escape stands for, `in` being behind the backslash. */
static bool unescape(struct inside *in, char *out)
{
    const char *s = in->lex->line + in->at;
    const char *name = s[0] != '\0' ? strchr(escapes, s[0]) : NULL;
    unsigned octet = 0;
    if (name != NULL) {
        *out = escaped[name - escapes];
        in->at++;
        return true;
    }
    if (s[0] != 'x' || !isxdigit((unsigned char)s[1]) || !isxdigit((unsigned char)s[2]))
        return false;
    (void)sscanf(s + 1, "%2x", &octet);
    *out = (char)octet;
    in->at += 3;
    return true;
}

static enum status take_said(struct figure *f, struct inside *in, struct figure_cell *c,
                             struct fault *fault)
{
    const struct lex *l = in->lex;
    struct text octets;
    enum status s = STATUS_OK;
    if (in->at == in->to || l->line[in->at] != '"')
        return lex_fault(l, in->at, fault, "expected what to say in quotes: (say \"hello\")");
    text_init(&octets);
    for (in->at++; in->at < in->to && l->line[in->at] != '"';) {
        char octet;
        if (l->line[in->at] != '\\') {
            lex_source(l, in->at, in->at + 1, &octets);
            in->at++;
            continue;
        }
        in->at++;
        if (!unescape(in, &octet)) {
            s = lex_fault(l, in->at - 1, fault,
                          "no such escape, expected \\r \\n \\t \\0 \\\\ \\\" "
                          "or \\xHH");
            break;
        }
        text_put(&octets, &octet, 1);
    }
    if (s == STATUS_OK && in->at + 1 != in->to)
        s = lex_fault(l, in->at < in->to ? in->at + 1 : in->at, fault, "expected \")");
    if (s == STATUS_OK && octets.failed)
        s = fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    c->event = FIGURE_CALL;
    c->call = CALL_SEND;
    c->text_len = octets.len;
    c->text = figure_store(f, octets.data, octets.len);
    text_done(&octets);
    return s;
}

/* (send 300,receive 100). False: it does not have this form and is a remark. */
static bool find_numbers(const struct inside *in, struct inside *send, struct inside *receive)
{
    const struct lex *l = in->lex;
    const char *comma = memchr(l->line + in->at, ',', in->to - in->at);
    if (comma == NULL)
        return false;
    *send = (struct inside){l, in->at, (size_t)(comma - l->line)};
    *receive = (struct inside){l, send->to + 1, in->to};
    lex_trim(l, &send->at, &send->to);
    lex_trim(l, &receive->at, &receive->to);
    return take_word(receive, "receive") &&
           memchr(l->line + send->at, ' ', send->to - send->at) == NULL &&
           memchr(l->line + receive->at, ' ', receive->to - receive->at) == NULL;
}

enum status cell_event(struct figure *f, const struct lex *l, const struct lex_token *t,
                       struct figure_cell *c, struct fault *fault)
{
    struct inside in = {l, t->from, t->to}, send, receive;
    if (says(l, t, "duplicate")) {
        c->duplicate = true;
        return STATUS_OK;
    }
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        if (says(l, t, events[i].words)) {
            c->event = events[i].event;
            c->call = events[i].call;
            return STATUS_OK;
        }
    }
    if (take_word(&in, "say"))
        return take_said(f, &in, c, fault);
    if (take_word(&in, "wait") && in.at < in.to && isdigit((unsigned char)l->line[in.at])) {
        c->event = FIGURE_WAIT;
        return fields_duration(l, in.at, in.to, &c->wait_ns, fault);
    }
    in = (struct inside){l, t->from, t->to};
    if (take_word(&in, "send") && find_numbers(&in, &send, &receive)) {
        c->event = FIGURE_NUMBERS;
        enum status s = fields_number(l, send.at, send.to, &c->send, fault);
        return s == STATUS_OK ? fields_number(l, receive.at, receive.to, &c->receive, fault) : s;
    }
    c->event = FIGURE_REMARK;
    return lex_store(l, t->from, t->to, f, &c->text, fault);
}

static void print_said(struct text *out, const struct figure_cell *c)
{
    text_printf(out, "(say \"");
    for (size_t i = 0; i < c->text_len; i++) {
        unsigned char octet = (unsigned char)c->text[i];
        const char *known = octet != '\0' ? strchr(escaped, octet) : NULL;
        if (known != NULL)
            text_printf(out, "\\%c", escapes[known - escaped]);
        else if (octet >= 0x20 && octet < 0x7f)
            text_put(out, &c->text[i], 1);
        else
            text_printf(out, "\\x%02x", (unsigned)octet);
    }
    text_printf(out, "\")");
}

static void print_event(struct text *out, const struct figure_cell *c)
{
    if (c->event == FIGURE_REMARK) {
        text_printf(out, "(%s)", c->text);
    } else if (figure_call(c) == CALL_SEND) {
        print_said(out, c);
    } else if (c->event == FIGURE_WAIT) {
        text_printf(out, "(wait ");
        fields_print_duration(out, c->wait_ns);
        text_printf(out, ")");
    } else if (c->event == FIGURE_NUMBERS) {
        text_printf(out, "(send ");
        fields_print_number(out, &c->send);
        text_printf(out, ",receive ");
        fields_print_number(out, &c->receive);
        text_printf(out, ")");
    } else {
        size_t i = 0;
        while (events[i].event != c->event ||
               (c->event == FIGURE_CALL && events[i].call != c->call))
            i++;
        text_printf(out, "(%s)", events[i].words);
    }
}

void cell_print(struct text *out, const struct figure_cell *c)
{
    size_t begin = out->len;
    if (c->duplicate)
        text_printf(out, "(duplicate)");
    if (c->event != FIGURE_NOTHING) {
        text_printf(out, "%s", out->len != begin ? " " : "");
        print_event(out, c);
    }
    if (c->states != STATE_SET_NONE) {
        char states[STATE_SET_TEXT_MAX];
        text_printf(out, "%s%s", out->len != begin ? " " : "", state_set_format(c->states, states));
    }
}
