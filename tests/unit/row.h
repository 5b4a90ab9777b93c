/* Segments and rows of figures in tests, from the notation itself. */
#ifndef TCPSHAKE_UNIT_ROW_H
#define TCPSHAKE_UNIT_ROW_H

#include <stdio.h>

#include "unit.h"

#include "base/text.h"
#include "figure/parse.h"

/* A figure of rows alone; figure_done() it. */
static inline void unit_figure(struct figure *f, const char *rows)
{
    struct text source = {0};
    struct fault fault = {0};
    text_printf(&source, "    TCP Peer A%30sTCP Peer B\n%s\n", "", rows);
    if (figure_parse(f, "test", source.data, source.len, &fault) != STATUS_OK)
        fail_msg("%s", fault.text);
    text_done(&source);
}

/* "<SEQ=100><CTL=SYN>" */
static inline struct figure_segment unit_figured(const char *fields)
{
    struct figure f;
    char row[256];
    (void)snprintf(row, sizeof(row), "1.              --> %s -->", fields);
    unit_figure(&f, row);
    assert_int_equal(f.count, 1);
    const struct figure_segment s = f.items[0].row.segment;
    figure_done(&f);
    return s;
}

#endif
