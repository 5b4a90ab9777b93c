/* Files of records, read as the command reads them: what is printed, what is complained of and
 * where, and the exit status. Each run is a process of its own, in a folder of its own. */
#include "unit.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/digest.h"

#define RESULT(session, outcome)                                                                   \
    "{\"v\":1,\"type\":\"result\",\"session\":" #session ",\"command\":\"ping\",\"target\":"       \
    "\"192.0.2.1:80\",\"outcome\":\"" outcome "\",\"rtt_us\":31.5}\n"
#define RUN     "{\"v\":1,\"type\":\"run\",\"command\":\"survey\",\"seed\":1}\n"
#define SUMMARY "{\"v\":1,\"type\":\"summary\",\"command\":\"survey\"}\n"

struct said {
    int status;
    long max_kb;
    char out[8192], err[8192];
};

static void file_of(const char *name, const char *text)
{
    FILE *f = fopen(name, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

static void read_back(const char *name, char *to, size_t cap)
{
    FILE *f = fopen(name, "rb");
    assert_non_null(f);
    to[fread(to, 1, cap - 1, f)] = '\0';
    (void)fclose(f);
    (void)remove(name);
}

static void redirect(const char *name, int flags, int to)
{
    int fd = open(name, flags, 0600);
    if (fd < 0 || dup2(fd, to) < 0)
        _exit(99);
}

static struct said said_of(const char *const *files, size_t n, bool json, const char *out)
{
    struct said s = {0};
    struct rusage usage;
    int status;
    (void)fflush(stdout);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        redirect("in", O_RDONLY | O_CREAT, STDIN_FILENO);
        redirect(out, O_WRONLY | O_CREAT, STDOUT_FILENO);
        redirect("err", O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
        _exit(digest_files(files, n, json, false));
    }
    assert_int_equal(wait4(pid, &status, 0, &usage), pid);
    assert_true(WIFEXITED(status));
    s.status = WEXITSTATUS(status);
    s.max_kb = usage.ru_maxrss;
    if (strcmp(out, "out") == 0)
        read_back("out", s.out, sizeof(s.out));
    read_back("err", s.err, sizeof(s.err));
    return s;
}

static size_t lines_of(const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

UNIT_TEST(shards_of_one_survey)
{
    static const char *const files[] = {"one", "-", "two"};
    file_of("one", RUN RESULT(1, "open") RESULT(4, "closed") SUMMARY);
    file_of("in", RUN RESULT(2, "open") SUMMARY);
    file_of("two", RUN RESULT(3, "filtered") SUMMARY);
    struct said s = said_of(files, 3, false, "out");
    assert_int_equal(s.status, 0);
    assert_string_equal(s.err, "");
    assert_non_null(strstr(s.out, "4 in 3 files\n"));
    assert_null(strstr(s.out, "warning"));
    s = said_of(files, 3, true, "out");
    assert_int_equal(s.status, 0);
    assert_int_equal(lines_of(s.out), 1);
    assert_non_null(
        strstr(s.out, "\"targets\":4,\"outcomes\":{\"open\":2,\"closed\":1,\"filtered\":1,"));
}

UNIT_TEST(lines_are_told_by_file_and_number)
{
    static const char *const files[] = {"one", "two"};
    file_of("one", RUN RESULT(1, "open") "rubbish\n" RESULT(1, "open") "{}\n");
    file_of("two", RUN RESULT(2, "open") "{\"v\":1,\"type\":\"res");
    struct said s = said_of(files, 2, false, "out");
    assert_int_equal(s.status, 0);
    assert_int_equal(lines_of(s.err), 4);
    assert_non_null(strstr(s.err, "tcpshake survey: one:3: no JSON"));
    assert_non_null(strstr(s.err, "one:4: session 1 has a record already"));
    assert_non_null(strstr(s.err, "one:5: JSON, but no record"));
    assert_non_null(strstr(s.err, "two:3: no record: torn"));
    assert_non_null(strstr(s.out, "2 in 2 files\n"));
    assert_non_null(strstr(s.out, "3 lines are no records\n"));
    assert_non_null(strstr(s.out, "1 record of a session that had one"));
    assert_non_null(strstr(s.out, "2 files end before their surveys do\n"));
}

UNIT_TEST(many_such_lines_are_counted)
{
    static const char *const files[] = {"one"};
    FILE *f = fopen("one", "wb");
    assert_non_null(f);
    for (int i = 0; i < 1000; i++)
        (void)fputs("rubbish\n", f);
    (void)fputs(RESULT(1, "open"), f);
    assert_int_equal(fclose(f), 0);
    struct said s = said_of(files, 1, false, "out");
    assert_int_equal(s.status, 0);
    assert_int_equal(lines_of(s.err), 11);
    assert_non_null(strstr(s.err, "one: 990 more such lines\n"));
}

UNIT_TEST(a_line_without_an_end)
{
    static const char *const files[] = {"one"};
    FILE *f = fopen("one", "wb");
    assert_non_null(f);
    for (int i = 0; i < (1 << 20) + 1; i++)
        (void)fputc('[', f);
    (void)fputs("\n" RESULT(1, "open"), f);
    assert_int_equal(fclose(f), 0);
    struct said s = said_of(files, 1, false, "out");
    assert_int_equal(s.status, 0);
    assert_non_null(strstr(s.err, "one:1: no record: the line is longer than 1 MB\n"));
    assert_non_null(strstr(s.out, "1 in 1 file\n"));
}

UNIT_TEST(what_cannot_be_read)
{
    static const char *const missing[] = {"no-such-file", "one"};
    static const char *const folder[] = {"."};
    static const char *const empty[] = {"nothing"};
    file_of("one", RESULT(1, "open"));
    file_of("nothing", "");
    struct said s = said_of(missing, 2, false, "out"); /* what there is, is told all the same */
    assert_int_equal(s.status, 2);
    assert_string_equal(s.err,
                        "tcpshake survey: cannot read no-such-file: No such file or directory\n");
    assert_non_null(strstr(s.out, "1 in 1 file\n"));
    s = said_of(folder, 1, false, "out");
    assert_int_equal(s.status, 2);
    assert_string_equal(s.err, "tcpshake survey: cannot read .: Is a directory\n");
    assert_string_equal(s.out, "");
    s = said_of(empty, 0, true, "out");
    assert_int_equal(s.status, 2);
    assert_int_equal(lines_of(s.err), 1);
    s = said_of(empty, 1, true, "out");
    assert_int_equal(s.status, 2);
    assert_string_equal(s.err, "tcpshake survey: there is no record to summarise\n");
    assert_string_equal(s.out, "");
}

UNIT_TEST(a_full_disk)
{
    static const char *const files[] = {"one"};
    file_of("one", RESULT(1, "open"));
    if (access("/dev/full", W_OK) != 0)
        skip();
    struct said s = said_of(files, 1, false, "/dev/full");
    assert_int_equal(s.status, 2);
    assert_string_equal(s.err,
                        "tcpshake survey: cannot write standard output: No space left on device\n");
}

static void write_many(unsigned from, unsigned to)
{
    FILE *f = fopen("one", "wb");
    assert_non_null(f);
    for (unsigned i = from; i < to; i++)
        (void)fprintf(f,
                      "{\"v\":1,\"type\":\"result\",\"session\":%u,\"target\":\"192.0.2.1:80\","
                      "\"outcome\":\"open\",\"rtt_us\":%u,\"gaps_us\":[%u],\"retransmissions\":1,"
                      "\"end\":\"rst\",\"syns\":1,\"segments_back\":2,\"octets_back\":%u}\n",
                      i, i % 9999, i * 7, i);
    assert_int_equal(fclose(f), 0);
}

/* A hundred thousand targets take no more memory than a thousand: the table of schedules, which
 * all differ, is full by then. But for the bits by which a second record is known. */
UNIT_TEST(memory_does_not_grow)
{
    static const char *const files[] = {"one"};
    const char *instrumented = getenv("INSTRUMENTED");
    if (instrumented != NULL && strcmp(instrumented, "yes") == 0)
        skip();
    write_many(1, 1000);
    struct said few = said_of(files, 1, false, "out");
    write_many(1, 100000);
    struct said many = said_of(files, 1, false, "out");
    assert_int_equal(many.status, 0);
    assert_non_null(strstr(many.out, "99999 in 1 file\n"));
    if (many.max_kb > few.max_kb + 512) /* kernels count by up to 256 */
        fail_msg("%ld kB for many, %ld kB for few", many.max_kb, few.max_kb);
}

static int enter_folder(void **state)
{
    char *name = strdup("/tmp/tcpshake-summarise.XXXXXX");
    if (name == NULL || mkdtemp(name) == NULL || chdir(name) != 0)
        return -1;
    *state = name;
    return 0;
}

static int leave_folder(void **state)
{
    static const char *const files[] = {"one", "two", "in", "out", "err", "nothing"};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        (void)remove(files[i]);
    int left = rmdir(*state);
    free(*state);
    return left;
}

UNIT_GROUP(enter_folder, leave_folder)
