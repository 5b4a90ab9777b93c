/* See row.h. */
#include "render/row.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "render/prose.h"

enum {
    ARROW = 3,
    HEAD = 10, /* "TCP Peer B" */
    MARK_GAP = 2,
    TRUTH_AROUND = 5,  /* "(is X)" less the X */
    STACKED_INDENT = 4 /* of what stands below the first line when there are no columns */
};

/* The list. */

static void done(struct row *r)
{
    text_done(&r->own);
    text_done(&r->peer);
    text_done(&r->remarks);
    text_done(&r->comments);
    text_done(&r->mark);
    text_done(&r->before);
    text_done(&r->after);
}

void row_list_clear(struct row_list *l)
{
    for (size_t i = 0; i < l->count; i++)
        done(&l->rows[i]);
    l->count = 0;
    l->timed = false;
}

void row_list_done(struct row_list *l)
{
    row_list_clear(l);
    free(l->rows);
}

struct row *row_list_add(struct row_list *l)
{
    if (l->count == l->cap) {
        size_t cap = l->cap != 0 ? 2 * l->cap : 16;
        struct row *grown = realloc(l->rows, cap * sizeof(*grown));
        if (grown == NULL)
            return NULL;
        l->rows = grown;
        l->cap = cap;
    }
    struct row *r = &l->rows[l->count++];
    *r = (struct row){.arrow = ""};
    return r;
}

void row_list_stamp(struct row_list *l, struct row *r, int64_t t_ns)
{
    r->timed = true;
    r->t_ns = t_ns;
    if (!l->timed)
        l->zero_ns = l->last_ns = t_ns;
    l->timed = true;
    l->last_ns = t_ns > l->last_ns ? t_ns : l->last_ns;
}

const char *row_list_times(struct row_list *l)
{
    bool seconds = l->last_ns - l->zero_ns >= CLOCK_S;
    int64_t unit = seconds ? CLOCK_S / CLOCK_US : CLOCK_MS / CLOCK_US;
    for (struct row *r = l->rows; r < l->rows + l->count; r++) {
        if (!l->timed || !r->timed || r->t_ns < l->zero_ns)
            continue;
        int64_t us = (r->t_ns - l->zero_ns + CLOCK_US / 2) / CLOCK_US;
        (void)snprintf(r->time, sizeof(r->time), "%" PRId64 ".%0*" PRId64, us / unit,
                       seconds ? 6 : 3, us % unit);
    }
    return seconds ? "s" : "ms";
}

bool row_list_failed(const struct row_list *l)
{
    for (const struct row *r = l->rows; r < l->rows + l->count; r++) {
        if (r->own.failed || r->peer.failed || r->remarks.failed || r->comments.failed ||
            r->mark.failed || r->before.failed || r->after.failed)
            return true;
    }
    return false;
}

static const char *string_of(const struct text *t)
{
    return t->data != NULL ? t->data : "";
}

/* The shape of the columns. */

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

size_t row_shape_own_at(const struct row_shape *s)
{
    return s->number + s->gap + (s->time != 0 ? s->time + s->gap : 0);
}

static size_t arrow_at(const struct row_shape *s)
{
    return row_shape_own_at(s) + s->own + 1;
}

static size_t seg_at(const struct row_shape *s)
{
    return s->stacked ? (size_t)STACKED_INDENT + ARROW + 1 : arrow_at(s) + ARROW + 1;
}

size_t row_shape_peer_at(const struct row_shape *s)
{
    return seg_at(s) + s->seg + s->gap + ARROW + 1;
}

static size_t row_shape_truth_at(const struct row_shape *s)
{
    return row_shape_peer_at(s) + s->peer + s->gap;
}

static size_t width_of(const struct row_shape *s)
{
    return s->truth != 0 ? row_shape_truth_at(s) + s->truth : row_shape_peer_at(s) + s->peer;
}

static size_t widest_piece(const char *s, char stop)
{
    size_t widest = 0;
    for (size_t n; (n = prose_piece(s, stop, 0)) != 0; s += n)
        widest = larger(widest, n);
    return widest;
}

static size_t pieces(const char *s, char stop, size_t width)
{
    size_t count = 0;
    for (size_t n; (n = prose_piece(s, stop, width)) != 0; s += n)
        count++;
    return count;
}

/* All rows of a ladder, and the narrowest columns they can be broken into. */
struct rows {
    const struct row *from, *to;
    size_t seg_least, peer_least;
};

/* Room for every row unbroken. */
static struct row_shape full_shape(struct rows *rows)
{
    struct row_shape s = {.own = HEAD, .peer = HEAD};
    for (const struct row *r = rows->from; r < rows->to; r++) {
        char number[16];
        s.number = larger(s.number, (size_t)snprintf(number, sizeof(number), "%u.", r->line));
        s.time = larger(s.time, strlen(r->time));
        if (r->remark_only)
            continue;
        s.own = larger(s.own, r->own.len);
        s.seg = larger(s.seg, strlen(r->seg));
        s.peer = larger(s.peer, r->peer.len);
        if (r->truth != NULL)
            s.truth = larger(s.truth, strlen(r->truth));
        rows->seg_least = larger(rows->seg_least, widest_piece(r->seg, '>'));
        rows->peer_least = larger(rows->peer_least, widest_piece(string_of(&r->peer), '|'));
    }
    return s;
}

/* How well the rows read in this shape: lines, and once more those that a segment is broken for,
 * since a segment is best read in one piece. */
static size_t cost_of(const struct rows *rows, const struct row_shape *s)
{
    size_t cost = 0;
    for (const struct row *r = rows->from; r < rows->to; r++) {
        if (r->remark_only)
            continue;
        size_t seg = pieces(r->seg, '>', s->seg);
        size_t peer =
            pieces(string_of(&r->peer), '|', s->peer) + (r->truth != NULL && s->truth == 0);
        cost += larger(seg, peer) + (seg > 1 ? seg - 1 : 0);
    }
    return cost;
}

static bool fits(struct row_shape *s, size_t columns)
{
    s->gap = 2;
    s->gap = width_of(s) <= columns ? 2 : 1;
    return width_of(s) <= columns;
}

/* Divides the room between the segments and B's states. */
static bool squeeze(struct row_shape *s, const struct rows *rows, size_t columns)
{
    struct row_shape try = *s, best = *s;
    size_t least = SIZE_MAX;
    try.gap = 1;
    for (try.seg = s->seg; try.seg >= rows->seg_least && try.seg > 0; try.seg--) {
        try.peer = 0;
        if (width_of(&try) + larger(rows->peer_least, HEAD) > columns)
            continue;
        try.peer = columns - width_of(&try);
        size_t cost = cost_of(rows, &try);
        if (cost < least) {
            least = cost;
            best = try;
        }
    }
    *s = best;
    return least != SIZE_MAX;
}

static struct row_shape stacked(struct row_shape s, const struct rows *rows, size_t columns)
{
    s.stacked = true;
    s.gap = 1;
    size_t rest = columns > seg_at(&s) ? columns - seg_at(&s) : 0;
    s.seg = larger(rows->seg_least, rest);
    s.peer = larger(rows->peer_least, rest);
    return s;
}

static struct row_shape shape_within(const struct row_list *l, size_t columns)
{
    struct rows rows = {.from = l->rows, .to = l->rows + l->count};
    struct row_shape s = full_shape(&rows);
    if (fits(&s, columns))
        return s;
    if (s.truth != 0) { /* it goes below B's states instead */
        rows.peer_least = larger(rows.peer_least, s.truth + TRUTH_AROUND);
        s.peer = larger(s.peer, rows.peer_least);
        s.truth = 0;
        if (fits(&s, columns))
            return s;
    }
    if (squeeze(&s, &rows, columns))
        return s;
    struct row_shape timeless = s;
    timeless.time = 0;
    if (squeeze(&timeless, &rows, columns))
        return timeless;
    return stacked(s, &rows, columns);
}

/* For the marks there must be room: for what is kept of them, and for the shortest one. */
static size_t mark_room(const struct row_list *l)
{
    size_t kept = 0, shortest = SIZE_MAX;
    for (const struct row *r = l->rows; r < l->rows + l->count; r++) {
        kept = larger(kept, r->mark_kept);
        if (r->mark.len > 0 && r->mark_kept == 0 && r->mark.len < shortest)
            shortest = r->mark.len;
    }
    return larger(kept, shortest != SIZE_MAX ? shortest : 0);
}

struct row_shape row_shape_of(const struct row_list *l, size_t columns)
{
    size_t room = mark_room(l);
    struct row_shape s = shape_within(l, room != 0 ? columns - room - MARK_GAP : columns);
    s.mark_at = width_of(&s) + MARK_GAP;
    return s;
}

/* Drawing. */

struct pen {
    struct text *out;
    const struct style *style;
    size_t at; /* cells on the current line */
};

static void put_at(struct pen *p, size_t column, enum prose_tint tint, const char *s, size_t n)
{
    if (n == 0)
        return;
    size_t blanks = column > p->at ? column - p->at : (size_t)(p->at != 0);
    prose_blank(p->out, blanks);
    prose_put(p->out, p->style, tint, s, n);
    p->at += blanks + text_cells(s, n);
}

static void new_line(struct pen *p)
{
    text_put(p->out, "\n", 1);
    p->at = 0;
}

static void put_margin(struct pen *p, const struct row *r, const struct row_shape *s)
{
    char number[16];
    int n = snprintf(number, sizeof(number), "%u.", r->line);
    if (!r->continued)
        put_at(p, 0, PROSE_PLAIN, number, (size_t)n);
    if (s->time != 0)
        put_at(p, s->number + s->gap + s->time - strlen(r->time), PROSE_ASIDE, r->time,
               strlen(r->time));
}

/* The next line of `*at`, taken off; NULL when there is none. */
static const char *take_line(const char **at, size_t *n)
{
    const char *line = *at;
    if (line == NULL || *line == '\0')
        return NULL;
    *n = strcspn(line, "\n");
    *at = line + *n + (line[*n] == '\n');
    return line;
}

static size_t widest_line(const char *at)
{
    size_t widest = 0, n;
    for (const char *line; (line = take_line(&at, &n)) != NULL;)
        widest = larger(widest, text_cells(line, n));
    return widest;
}

/* Each of `lines` from column `at` on, or where the pen is on this line; what does not fit follows
 * at `hang`. `mark` stands in the first column. */
static void put_block(struct pen *p, const char *mark, size_t at, size_t hang, enum prose_tint tint,
                      const char *lines)
{
    size_t n;
    for (const char *s; (s = take_line(&lines, &n)) != NULL;) {
        const char *end = s + n;
        for (size_t column = at; s < end; column = hang) {
            size_t part = prose_line(s, (size_t)(end - s), prose_room(p->style, column));
            put_at(p, 0, tint, mark, p->at == 0 ? strlen(mark) : 0);
            put_at(p, column, tint, s, part);
            new_line(p);
            s += part;
            while (s < end && *s == ' ')
                s++;
        }
    }
}

/* What is still to be put into the columns of a row. */
struct rest {
    const char *seg, *remarks, *peer;
    char truth[STATE_SET_TEXT_MAX]; /* "(is CLOSED)" below B's states */
};

static void put_left(struct pen *p, const struct row *r, const struct row_shape *s,
                     struct rest *rest)
{
    size_t n = prose_piece(rest->seg, '>', s->seg);
    if (n != 0) {
        put_at(p, seg_at(s), r->alarm ? PROSE_ALARM : PROSE_PLAIN, rest->seg, n);
        rest->seg += n;
        return;
    }
    const char *remark = take_line(&rest->remarks, &n);
    if (remark != NULL)
        put_at(p, seg_at(s), PROSE_PLAIN, remark, n);
}

static void put_right(struct pen *p, const struct row *r, const struct row_shape *s, size_t column,
                      struct rest *rest)
{
    size_t n = prose_piece(rest->peer, '|', s->peer);
    if (n != 0) {
        put_at(p, column, PROSE_STATE, rest->peer, n);
        rest->peer += n;
        return;
    }
    put_at(p, column, r->truth_wrong ? PROSE_ALARM : PROSE_PLAIN, rest->truth, strlen(rest->truth));
    rest->truth[0] = '\0';
}

static bool any_left(const struct rest *rest)
{
    return *rest->seg != '\0' || *rest->peer != '\0' || rest->truth[0] != '\0' ||
           (rest->remarks != NULL && *rest->remarks != '\0');
}

/* At the end of the row's first line. */
static void put_mark(struct pen *p, const struct row *r, const struct row_shape *s)
{
    size_t at = larger(s->mark_at, p->at + MARK_GAP), n = r->mark.len;
    if (at + text_cells(string_of(&r->mark), n) > p->style->columns) {
        at = p->at + MARK_GAP;
        n = r->mark_kept;
    }
    put_at(p, at, PROSE_ASIDE, string_of(&r->mark), n);
}

static void draw_columns(struct pen *p, const struct row *r, const struct row_shape *s,
                         struct rest *rest)
{
    size_t arrow = strlen(r->arrow);
    put_at(p, row_shape_own_at(s), PROSE_STATE, string_of(&r->own), r->own.len);
    put_at(p, arrow_at(s), PROSE_PLAIN, r->arrow, arrow);
    put_left(p, r, s, rest);
    const char *far = r->far_arrow != NULL ? r->far_arrow : r->arrow;
    put_at(p, row_shape_peer_at(s) - ARROW - 1, PROSE_PLAIN, far, strlen(far));
    put_right(p, r, s, row_shape_peer_at(s), rest);
    if (s->truth != 0 && r->truth != NULL)
        put_at(p, row_shape_truth_at(s), r->truth_wrong ? PROSE_ALARM : PROSE_PLAIN, r->truth,
               strlen(r->truth));
    put_mark(p, r, s);
    while (any_left(rest)) {
        new_line(p);
        put_left(p, r, s, rest);
        put_right(p, r, s, row_shape_peer_at(s), rest);
    }
}

static void draw_stacked(struct pen *p, const struct row *r, const struct row_shape *s,
                         struct rest *rest)
{
    put_at(p, row_shape_own_at(s), PROSE_STATE, string_of(&r->own), r->own.len);
    put_mark(p, r, s);
    for (const char *arrow = r->arrow; *rest->seg != '\0'; arrow = "") {
        new_line(p);
        put_at(p, STACKED_INDENT, PROSE_PLAIN, arrow, strlen(arrow));
        put_left(p, r, s, rest);
    }
    for (const char *arrow = r->arrow; any_left(rest); arrow = "") {
        new_line(p);
        put_at(p, STACKED_INDENT, PROSE_PLAIN, arrow, strlen(arrow));
        put_right(p, r, s, seg_at(s), rest);
    }
}

/* Where the remarks go: at the end of the row's only line if they fit there, in the segment's
 * column if they are short enough, else on lines of their own. */
static void draw_full(struct pen *p, const struct row *r, const struct row_shape *s)
{
    const char *remarks = string_of(&r->remarks);
    size_t widest = widest_line(remarks), end = width_of(s) + 2, n;
    struct rest rest = {.seg = r->seg, .peer = string_of(&r->peer)};
    if (r->truth != NULL && s->truth == 0)
        (void)snprintf(rest.truth, sizeof(rest.truth), "(is %s)", r->truth);
    if (s->stacked) {
        draw_stacked(p, r, s, &rest);
    } else if (widest <= s->seg && (*r->seg == '\0' || end + widest > p->style->columns)) {
        rest.remarks = remarks;
        remarks = "";
        draw_columns(p, r, s, &rest);
    } else {
        draw_columns(p, r, s, &rest);
        bool fits_behind = end + widest <= p->style->columns && p->at != 0;
        const char *line = fits_behind ? take_line(&remarks, &n) : NULL;
        if (line != NULL)
            put_at(p, end, PROSE_PLAIN, line, n);
    }
    new_line(p);
    put_block(p, "", seg_at(s), seg_at(s) + 1, PROSE_PLAIN, remarks);
}

void row_draw_heads(const struct row_shape *s, const char *unit, struct text *out)
{
    struct text line = {0};
    if (s->time != 0) {
        text_pad(&line, s->number + s->gap + s->time - strlen(unit));
        text_printf(&line, "%s", unit);
    }
    text_pad(&line, row_shape_own_at(s));
    text_printf(&line, "TCP Peer A");
    text_pad(&line, s->stacked ? line.len + 4 : row_shape_peer_at(s));
    text_printf(&line, "TCP Peer B");
    if (s->truth != 0) {
        text_pad(&line, row_shape_truth_at(s));
        text_printf(&line, "kernel");
    }
    text_printf(out, "%s\n", string_of(&line));
    out->failed = out->failed || line.failed;
    text_done(&line);
}

void row_draw(const struct row *r, const struct row_shape *s, const struct style *style,
              struct text *out)
{
    struct pen pen = {.out = out, .style = style};
    size_t own_at = row_shape_own_at(s);
    text_put(out, string_of(&r->before), r->before.len);
    put_margin(&pen, r, s);
    if (r->remark_only)
        put_block(&pen, "", own_at, own_at + 1, PROSE_PLAIN, r->remarks.data);
    else
        draw_full(&pen, r, s);
    put_block(&pen, "#", own_at, own_at + 2, PROSE_ASIDE, r->comments.data);
    text_put(out, string_of(&r->after), r->after.len);
}
