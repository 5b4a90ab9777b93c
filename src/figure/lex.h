/* From the source of a figure to lines and tokens. What web pages, word processors and input
 * methods make of punctuation is read as what it was: full-width forms, arrows, dashes, ellipses,
 * quotation marks and blanks of every width. */
#ifndef TCPSHAKE_FIGURE_LEX_H
#define TCPSHAKE_FIGURE_LEX_H

#include "base/text.h"
#include "figure/figure.h"

enum {
    LEX_TOKENS_MAX = 64,
    LEX_OTHER = 0x7f /* stands for a character that has no meaning here */
};

/* Where a character of the current line comes from. */
struct lex_place {
    const char *at; /* its octets in the source */
    size_t size;    /* 0 for the second dot of an ellipsis and the like */
    unsigned line, column;
    unsigned cell; /* where it stands on a screen, tabs every eight cells */
};

enum lex_kind {
    LEX_NUMBER,  /* "3." at the beginning of a line */
    LEX_TIME,    /* "0.031" behind it */
    LEX_WORD,    /* letters, digits, - and _ */
    LEX_BAR,     /* | */
    LEX_PAREN,   /* what is between ( and ), both trimmed */
    LEX_FIELD,   /* between < and > */
    LEX_BRACKET, /* between [ and ] */
    LEX_STRING,  /* between " and " */
    LEX_RIGHT,   /* -->, however long */
    LEX_LEFT,
    LEX_HELD, /* ..., two dots at least */
};

struct lex_token {
    enum lex_kind kind;
    unsigned line, column;
    unsigned cell, end; /* the cells from `cell` up to `end` */
    size_t from, to;    /* its characters in the line */
};

struct lex {
    const char *name;
    const char *rest, *end; /* what has not been read */
    unsigned line_number;
    char *line; /* the current line in plain ASCII, terminated */
    struct lex_place *place;
    size_t len, cap;
    struct lex_token token[LEX_TOKENS_MAX];
    size_t tokens;
};

/* Reads `text`, which must outlive the lexer. */
void lex_init(struct lex *l, const char *name, const char *text, size_t len);
void lex_done(struct lex *l);

/* Reads the next line; `*more` is false when there is none. */
enum status lex_line(struct lex *l, bool *more, struct fault *fault);
/* Takes the line apart. A parenthesis that is still open at its end goes on in the following lines,
 * which are then part of this line, if they stand further in than it. */
enum status lex_tokens(struct lex *l, struct fault *fault);

bool lex_is_arrow(const struct lex_token *t);
/* Whether there is one among the tokens. */
bool lex_has_arrow(const struct lex *l);

/* Appends what stands in the source for the characters [from, to) of the line. */
void lex_source(const struct lex *l, size_t from, size_t to, struct text *out);
/* The same, as a text in the store of `f`. */
enum status lex_store(const struct lex *l, size_t from, size_t to, struct figure *f,
                      const char **out, struct fault *fault);
/* Narrows [*from, *to) to what is left without blanks at either end. */
void lex_trim(const struct lex *l, size_t *from, size_t *to);
/* Whether the characters [from, to) are `word`; case does not matter. */
bool lex_is(const struct lex *l, size_t from, size_t to, const char *word);
/* The decimal number, within [min, max], that the characters [from, to) are. */
bool lex_number(const struct lex *l, size_t from, size_t to, uint64_t min, uint64_t max,
                uint64_t *out);

/* A fault at character `at` of the line, which may be its end. */
enum status lex_fault(const struct lex *l, size_t at, struct fault *fault, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
