/* See record.h. */
#include "cli/record.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/text.h"
#include "render/render.h"

/* --- Where it goes --- */

static enum status put(void *arg, const void *data, size_t n, struct fault *fault)
{
    const struct record_file *f = arg;
    const char *p = data;
    if (f->fd == STDOUT_FILENO)
        record_clear_progress(f->record);
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

/* Stdout where there is no name. */
static enum status open_file(struct record *r, const char *name, int flags, struct writer *w,
                             struct fault *fault)
{
    struct record_file *f = &r->files[r->file_count];
    *f = (struct record_file){.fd = STDOUT_FILENO, .name = "standard output", .record = r};
    *w = (struct writer){.put = put, .arg = f};
    if (name != NULL) {
        f->name = name;
        f->fd = flags == O_APPEND ? fcntl(r->append_fd, F_DUPFD_CLOEXEC, 0)
                                  : open(name, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
    }
    if (f->fd < 0)
        return fault_set(fault, STATUS_SYSTEM, "cannot write %s: %s", name, strerror(errno));
    r->file_count++;
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

static enum status add(struct record *r, const char *name, int flags,
                       struct sink *(*make)(struct writer), struct fault *fault)
{
    struct writer w;
    enum status s = open_file(r, name, flags, &w, fault);
    return s == STATUS_OK ? timeline_add_sink(&r->timeline, make(w), fault) : s;
}

static enum status add_text(struct record *r, struct fault *fault)
{
    const struct arguments *o = r->options;
    const struct style style = {.colour = wants_colour(o),
                                .brief = o->quiet,
                                .stamped = o->stamped,
                                .verbose = o->verbose,
                                .columns = columns_of(STDOUT_FILENO)};
    struct writer w;
    enum status s = open_file(r, NULL, 0, &w, fault);
    if (s != STATUS_OK)
        return s;
    struct sink *(*make)(struct writer, struct style) =
        o->measure->carrier == MEASURE_TURNS                 ? ping_text_new
        : o->measure->carrier == MEASURE_FIGURE && !o->quiet ? figure_text_new
                                                             : ladder_new;
    return timeline_add_sink(&r->timeline, make(w, style), fault);
}

static enum status open_outputs(struct record *r, struct fault *fault)
{
    const struct arguments *o = r->options;
    int on_stdout = o->json + is_stdout(o->pcapng) + is_stdout(o->mermaid);
    enum status s = STATUS_OK;
    if (on_stdout > 1)
        return fault_set(fault, STATUS_MALFORMED,
                         "only one of --json, --pcapng - and --mermaid - can have stdout");
    if (is_stdout(o->pcapng) && isatty(STDOUT_FILENO))
        return fault_set(fault, STATUS_MALFORMED,
                         "--pcapng - would write binary to the terminal; redirect it");
    if (o->csv)
        s = add(r, NULL, 0, csv_new, fault);
    else if (o->records != NULL)
        s = add(r, o->records, O_APPEND, ndjson_new, fault);
    else if (o->json)
        s = add(r, NULL, 0, ndjson_new, fault);
    else if (on_stdout == 0)
        s = add_text(r, fault);
    if (s == STATUS_OK && o->pcapng != NULL)
        s = add(r, is_stdout(o->pcapng) ? NULL : o->pcapng, O_TRUNC, pcapng_new, fault);
    if (s == STATUS_OK && o->mermaid != NULL)
        s = add(r, is_stdout(o->mermaid) ? NULL : o->mermaid, O_TRUNC, mermaid_new, fault);
    return s;
}

/* --- From its beginning to its end --- */

void record_init(struct record *r, const struct arguments *options, int argc, char **argv)
{
    size_t used = 0;
    *r = (struct record){.options = options};
    timeline_init(&r->timeline);
    for (int i = 0; i < argc && used < sizeof(r->argv); i++)
        used +=
            (size_t)snprintf(r->argv + used, sizeof(r->argv) - used, "%s%s", i ? " " : "", argv[i]);
}

static enum status choose_seed(struct record *r, struct fault *fault)
{
    if (r->seed_known)
        return STATUS_OK;
    r->seed = r->options->seed;
    if (r->options->has_seed)
        return STATUS_OK;
    if (getrandom(&r->seed, sizeof(r->seed), 0) != sizeof(r->seed))
        return fault_set(fault, STATUS_SYSTEM, "the kernel gives no random numbers");
    r->seed &= ARGUMENTS_SEED_MAX;
    return STATUS_OK;
}

enum status record_open(struct record *r, struct fault *fault)
{
    enum status s = choose_seed(r, fault);
    return s == STATUS_OK ? open_outputs(r, fault) : s;
}

enum status record_begin(struct record *r, const struct run_info *info,
                         const struct endpoint *target, struct fault *fault)
{
    r->info = *info;
    if (target != NULL)
        r->info.target = endpoint_format(target, r->target);
    r->info.command = r->options->measure->name;
    r->info.argv = r->argv;
    r->info.version = PACKAGE_VERSION;
    r->info.seed = r->seed;
    return timeline_open(&r->timeline, &r->info, fault);
}

enum status record_close(struct record *r, enum status s, struct fault *fault)
{
    struct fault late = {0};
    record_clear_progress(r);
    enum status closed = timeline_close(&r->timeline, &late);
    for (size_t i = 0; i < r->file_count; i++) {
        const struct record_file *f = &r->files[i];
        if (close(f->fd) != 0 && closed == STATUS_OK)
            closed =
                fault_set(&late, STATUS_SYSTEM, "cannot write %s: %s", f->name, strerror(errno));
    }
    if (s != STATUS_OK || closed == STATUS_OK)
        return s;
    *fault = late;
    return STATUS_SYSTEM;
}

/* --- The line of progress --- */

/* Where the terminal cannot erase the rest of a line, blanks do it. */
static bool is_dumb(void)
{
    const char *term = getenv("TERM");
    return term == NULL || term[0] == '\0' || strcmp(term, "dumb") == 0;
}

void record_tell(void *arg, const char *line)
{
    struct record *r = arg;
    size_t cells = text_cells(line, strlen(line));
    if (!is_dumb())
        (void)fprintf(stderr, "\r\033[K%s", line);
    else
        (void)fprintf(stderr, "\r%s%*s", line,
                      cells < r->progress_cells ? (int)(r->progress_cells - cells) : 0, "");
    (void)fflush(stderr);
    r->progress_cells = cells;
}

record_teller *record_progress(const struct record *r)
{
    return isatty(STDERR_FILENO) && !r->options->quiet ? record_tell : NULL;
}

void record_asked(void *arg, const char *line)
{
    record_clear_progress(arg);
    (void)fprintf(stderr, "%s\n", line);
}

void record_clear_progress(struct record *r)
{
    if (r->progress_cells == 0)
        return;
    if (!is_dumb())
        (void)fprintf(stderr, "\r\033[K");
    else
        (void)fprintf(stderr, "\r%*s\r", (int)r->progress_cells, "");
    (void)fflush(stderr);
    r->progress_cells = 0;
}

void record_keep_progress(struct record *r)
{
    if (r->progress_cells != 0)
        (void)fputc('\n', stderr);
    r->progress_cells = 0;
}

unsigned record_progress_columns(void)
{
    return columns_of(STDERR_FILENO) - 1; /* many terminals break a line that is full */
}

bool record_progress_utf8(void)
{
    locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    if (locale == (locale_t)0)
        return false;
    bool is = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
    freelocale(locale);
    return is;
}
