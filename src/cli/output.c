/* See output.h. */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"
#include "render/render.h"

static enum status put(void *arg, const void *data, size_t n, struct fault *fault)
{
    const struct output_file *f = arg;
    const char *p = data;
    if (f->fd == STDOUT_FILENO)
        output_progress_clear(f->out);
    while (n > 0) {
        ssize_t done = write(f->fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return fault_set(fault, STATUS_SYSTEM, "cannot write %s: %s", f->name, strerror(errno));
        p += done;
        n -= (size_t)done;
    }
    return STATUS_OK;
}

static enum status open_file(struct output *out, const char *name, struct writer *w,
                             struct fault *fault)
{
    struct output_file *f = &out->files[out->count];
    f->out = out;
    if (name == NULL || strcmp(name, "-") == 0) {
        f->fd = STDOUT_FILENO;
        f->name = "standard output";
    } else {
        f->fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        f->name = name;
        if (f->fd < 0)
            return fault_set(fault, STATUS_SYSTEM, "cannot write %s: %s", name, strerror(errno));
    }
    out->count++;
    *w = (struct writer){.put = put, .arg = f};
    return STATUS_OK;
}

static enum status open_records(struct output *out, const char *name, struct writer *w,
                                struct fault *fault)
{
    struct output_file *f = &out->files[out->count];
    *f = (struct output_file){.out = out, .name = name};
    f->fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (f->fd < 0)
        return fault_set(fault, STATUS_SYSTEM, "cannot write %s: %s", name, strerror(errno));
    out->count++;
    /* Two that write the same records would both do what is left. Not all file systems have locks.
     */
    if (flock(f->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return fault_set(fault, STATUS_SYSTEM, "cannot write %s: another run does", name);
    *w = (struct writer){.put = put, .arg = f};
    return STATUS_OK;
}

static unsigned columns_of(int fd)
{
    struct winsize size;
    uint64_t columns;
    const char *env = getenv("COLUMNS");
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col != 0)
        return size.ws_col < 40 ? 40 : size.ws_col;
    if (env != NULL && text_to_number(env, 40, 1000, &columns))
        return (unsigned)columns;
    return 80;
}

static bool wants_colour(const struct arguments *o)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    if (o->colour != ARGUMENTS_COLOUR_AUTO)
        return o->colour == ARGUMENTS_COLOUR_ALWAYS;
    return isatty(STDOUT_FILENO) && (no == NULL || no[0] == '\0') && term != NULL &&
           strcmp(term, "dumb") != 0;
}

static bool is_stdout(const char *name)
{
    return name != NULL && strcmp(name, "-") == 0;
}

static enum status add(struct output *out, struct timeline *t, const char *name,
                       struct sink *(*make)(struct writer), struct fault *fault)
{
    struct writer w = {0};
    enum status s = open_file(out, name, &w, fault);
    return s == STATUS_OK ? timeline_add_sink(t, make(w), fault) : s;
}

static enum status add_records(struct output *out, struct timeline *t, const char *name,
                               struct fault *fault)
{
    struct writer w = {0};
    enum status s = open_records(out, name, &w, fault);
    return s == STATUS_OK ? timeline_add_sink(t, ndjson_new(w), fault) : s;
}

static enum status add_text(struct output *out, struct timeline *t, const struct arguments *o,
                            struct fault *fault)
{
    const struct style style = {.colour = wants_colour(o),
                                .brief = o->quiet,
                                .stamped = o->stamped,
                                .verbose = o->verbose,
                                .columns = columns_of(STDOUT_FILENO)};
    struct writer w = {0};
    enum status s = open_file(out, NULL, &w, fault);
    if (s != STATUS_OK)
        return s;
    struct sink *(*make)(struct writer, struct style) =
        o->measure->carrier == MEASURE_TURNS                 ? ping_text_new
        : o->measure->carrier == MEASURE_FIGURE && !o->quiet ? figure_text_new
                                                             : ladder_new;
    return timeline_add_sink(t, make(w, style), fault);
}

enum status output_open(struct output *out, const struct arguments *o, struct timeline *t,
                        struct fault *fault)
{
    int on_stdout = o->json + is_stdout(o->pcapng) + is_stdout(o->mermaid);
    enum status s = STATUS_OK;

    *out = (struct output){0};
    if (on_stdout > 1)
        return fault_set(fault, STATUS_MALFORMED,
                         "only one of --json, --pcapng - and --mermaid - can have stdout");
    if (is_stdout(o->pcapng) && isatty(STDOUT_FILENO))
        return fault_set(fault, STATUS_MALFORMED,
                         "--pcapng - would write binary to the terminal; redirect it");
    if (o->csv)
        s = add(out, t, NULL, csv_new, fault);
    else if (o->records != NULL)
        s = add_records(out, t, o->records, fault);
    else if (o->json)
        s = add(out, t, NULL, ndjson_new, fault);
    else if (on_stdout == 0)
        s = add_text(out, t, o, fault);
    if (s == STATUS_OK && o->pcapng != NULL)
        s = add(out, t, o->pcapng, pcapng_new, fault);
    if (s == STATUS_OK && o->mermaid != NULL)
        s = add(out, t, o->mermaid, mermaid_new, fault);
    return s;
}

enum status output_close(struct output *out, struct fault *fault)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; i < out->count; i++) {
        struct output_file *f = &out->files[i];
        if (close(f->fd) != 0 && s == STATUS_OK)
            s = fault_set(fault, STATUS_SYSTEM, "cannot write %s: %s", f->name, strerror(errno));
    }
    out->count = 0;
    return s;
}

bool output_progress_wanted(const struct arguments *o)
{
    return isatty(STDERR_FILENO) && !o->quiet;
}

/* Where the terminal cannot erase the rest of a line, blanks do it. */
static bool is_dumb(void)
{
    const char *term = getenv("TERM");
    return term == NULL || term[0] == '\0' || strcmp(term, "dumb") == 0;
}

void output_progress(struct output *out, const char *line)
{
    size_t cells = text_cells(line, strlen(line));
    if (!is_dumb())
        (void)fprintf(stderr, "\r\033[K%s", line);
    else
        (void)fprintf(stderr, "\r%s%*s", line,
                      cells < out->progress_cells ? (int)(out->progress_cells - cells) : 0, "");
    (void)fflush(stderr);
    out->progress_cells = cells;
}

void output_progress_clear(struct output *out)
{
    if (out->progress_cells == 0)
        return;
    if (!is_dumb())
        (void)fprintf(stderr, "\r\033[K");
    else
        (void)fprintf(stderr, "\r%*s\r", (int)out->progress_cells, "");
    (void)fflush(stderr);
    out->progress_cells = 0;
}

void output_progress_keep(struct output *out)
{
    if (out->progress_cells != 0)
        (void)fputc('\n', stderr);
    out->progress_cells = 0;
}

unsigned output_progress_columns(void)
{
    return columns_of(STDERR_FILENO) - 1; /* many terminals break a line that is full */
}

bool output_progress_utf8(void)
{
    locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    if (locale == (locale_t)0)
        return false;
    bool is = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
    freelocale(locale);
    return is;
}
