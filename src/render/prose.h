/* Text for people: made harmless to a terminal, broken into lines, tinted; and what stands at the
 * end of every text, warnings and a result's lines with their labels in a column. */
#ifndef TCPSHAKE_RENDER_PROSE_H
#define TCPSHAKE_RENDER_PROSE_H

#include "base/text.h"
#include "event/timeline.h"

enum prose_tint {
    PROSE_PLAIN,
    PROSE_STATE, /* bold: what the eye looks for */
    PROSE_ALARM, /* red: resets and faults */
    PROSE_ASIDE, /* dim: comments, times */
};

/* Appends `s` with control characters and octets that are no UTF-8 spelt as \xNN, so that
 * nothing a peer sends reaches the terminal as a command or breaks a line. */
void prose_safe(struct text *out, const char *s, size_t n);

/* Appends `n` octets in the given tint; plainly when `style` has no colour. */
void prose_put(struct text *out, const struct style *style, enum prose_tint tint, const char *s,
               size_t n);

/* Appends `count` blanks. */
void prose_blank(struct text *out, size_t count);

/* How much of `s` goes on a line of `width` cells when it may be broken after each `stop`: at
 * least up to the first of them, however long that is. */
size_t prose_piece(const char *s, char stop, size_t width);

/* How much of the `n` octets of `s` goes on a line of `cells`, at least 1: whole words, or part of
 * one that is longer. What follows may begin with blanks. */
size_t prose_line(const char *s, size_t n, size_t cells);

/* How many cells there are from this column on for text; at least some. */
size_t prose_room(const struct style *style, size_t column);

/* Appends the words of `s` as whole lines of at most style->columns cells: the first one begins
 * with `first`, the others with `rest`, which should be equally wide. A word that is longer than
 * a line is cut. */
void prose_fill(struct text *out, const struct style *style, enum prose_tint tint,
                const char *first, const char *rest, const char *s);

/* One "warning: ..." paragraph. `place` says where in the ladder, "line 7"; NULL for none. */
void prose_warning(struct text *out, const struct style *style, const char *place,
                   const char *text);

/* The labelled lines of a result. */
void prose_result(struct text *out, const struct style *style, const struct result *result);

/* Writes the text by one call, if there is any, and empties it. */
enum status prose_write(struct sink *to, struct text *t, struct fault *fault);

#endif
