/* Figures in tests: read from files and strings, and compared. Where in the source something stands
 * is not compared. */
#ifndef TCPSHAKE_TEST_FIGURE_H
#define TCPSHAKE_TEST_FIGURE_H

#include <string.h>

#include "figure/parse.h"
#include "figure/print.h"

static inline bool figure_same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static inline bool figure_same_number(const struct figure_number *a, const struct figure_number *b)
{
    return a->given == b->given && a->value == b->value && strcmp(a->symbol, b->symbol) == 0;
}

static inline bool figure_same_segment(const struct figure_segment *a,
                                       const struct figure_segment *b)
{
    return figure_same_number(&a->seq, &b->seq) && figure_same_number(&a->ack, &b->ack) &&
           a->has_flags == b->has_flags && a->flags == b->flags && a->has_data == b->has_data &&
           a->has_len == b->has_len && a->len == b->len && a->has_win == b->has_win &&
           a->win == b->win && a->has_urg == b->has_urg && a->urg == b->urg &&
           a->has_mss == b->has_mss && a->mss == b->mss && a->has_wscale == b->has_wscale &&
           a->wscale == b->wscale && a->has_ttl == b->has_ttl && a->ttl == b->ttl &&
           a->sack_permitted == b->sack_permitted && a->timestamps == b->timestamps &&
           a->has_options == b->has_options && a->options_len == b->options_len &&
           memcmp(a->options, b->options, a->options_len) == 0 &&
           a->bad_checksum == b->bad_checksum;
}

static inline bool figure_same_cell(const struct figure_cell *a, const struct figure_cell *b)
{
    return a->states == b->states && a->event == b->event && a->duplicate == b->duplicate &&
           a->text_len == b->text_len && (a->text == NULL) == (b->text == NULL) &&
           (a->text_len == 0 || memcmp(a->text, b->text, a->text_len) == 0) &&
           a->wait_ns == b->wait_ns && figure_same_number(&a->send, &b->send) &&
           figure_same_number(&a->receive, &b->receive);
}

static inline bool figure_same_row(const struct figure_row *a, const struct figure_row *b)
{
    return a->number == b->number && a->begins_step == b->begins_step &&
           figure_same_cell(&a->a, &b->a) && figure_same_cell(&a->b, &b->b) &&
           a->has_segment == b->has_segment && figure_same_segment(&a->segment, &b->segment) &&
           a->a_arrow == b->a_arrow && a->b_arrow == b->b_arrow &&
           figure_same_text(a->remark, b->remark) && a->within_ns == b->within_ns &&
           a->after_ns == b->after_ns && a->tolerance_ns == b->tolerance_ns &&
           a->silence_ns == b->silence_ns;
}

/* The first item in which they differ; SIZE_MAX if they are the same. */
static inline size_t figure_difference(const struct figure *a, const struct figure *b)
{
    if (a->count != b->count || a->needs != b->needs || !figure_same_text(a->title, b->title) ||
        !figure_same_text(a->cite, b->cite) || !figure_same_text(a->about, b->about))
        return 0;
    for (size_t i = 0; i < a->count; i++) {
        const struct figure_item *x = &a->items[i], *y = &b->items[i];
        if (x->kind != y->kind || strcmp(x->name, y->name) != 0 || x->deviates != y->deviates ||
            x->count != y->count || x->to != y->to ||
            (x->kind == FIGURE_ROW && !figure_same_row(&x->row, &y->row)))
            return i;
    }
    return SIZE_MAX;
}

#endif
