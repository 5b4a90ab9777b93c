/* See result.h. */
#include "event/result.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

bool result_init(struct result *r)
{
    *r = (struct result){.fields = json_object()};
    text_init(&r->text);
    return r->fields != NULL;
}

void result_done(struct result *r)
{
    json_decref(r->fields);
    text_done(&r->text);
    r->fields = NULL;
}

void result_set(struct result *r, const char *key, json_t *value)
{
    (void)json_object_set_new(r->fields, key, value != NULL ? value : json_null());
}

void result_line(struct result *r, const char *label, const char *fmt, ...)
{
    char line[512];
    va_list ap;
    if (r->bare)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    text_printf(&r->text, "%s\t%s\n", label, line);
}

json_t *result_us(int64_t ns)
{
    return json_real((double)ns / 1000);
}

json_t *result_seconds(double s)
{
    return json_real(round(s * 1e6) / 1e6);
}
