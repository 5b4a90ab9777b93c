/* `open` to servers as people run them, from Debian, on the other side of the lab, so that their
 * kernel can be asked: its state is in the set after every segment, there is no contradiction, and
 * how the connection closed is told as the segments of the record have it. With each --close, an
 * answer of 100 kB and one of an octet, IPv4 and IPv6; SERVERS_RUNS times each (2); bench/servers.
 *
 * A server runs as an ordinary user, by a configuration of this test's in a folder of its own. What
 * is not installed, or does not start, is skipped with the reason. */
#include "../unit/unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "event/result.h"
#include "lab/lab_upper.h"
#include "lab/namespace.h"
#include "lab/truth_check.h"
#include "measure/open.h"
#include "net/live.h"
#include "peer_side.h"
#include "talk/sessions.h"

enum {
    RUNS = 2,
    RUNS_MOST = 100,
    BIG = 100000,
    STARTS_WITHIN_MS = 10000,
    LIMIT_S = 300,
    ARGS_MAX = 12,
    TEXT_MAX = 2048
};

#define GET(path) "GET /" path " HTTP/1.0\r\nHost: lab\r\n\r\n"

/* In texts and arguments @ is the server's folder. All listen on port 5003, that of the lab's app
 * which does not listen, on the addresses of both versions. */
struct server {
    const char *name, *program;
    const char *args[ARGS_MAX];
    const char *config;  /* @/config; NULL: none */
    const char *prepare; /* a command of the shell; NULL: none */
    const char *says[2]; /* what is said; NULL: no second */
};

static const struct server servers[] = {
    {.name = "nginx",
     .program = "/usr/sbin/nginx",
     .args = {"-e", "@/error", "-c", "@/config"},
     .config = "daemon off; master_process off; pid @/pid; error_log @/error; events {}\n"
               "http { access_log off; client_body_temp_path @/t; proxy_temp_path @/t;\n"
               "fastcgi_temp_path @/t; uwsgi_temp_path @/t; scgi_temp_path @/t;\n"
               "server { listen 5003; listen [::]:5003; root @; } }\n",
     .says = {GET("small"), GET("big")}},
    {.name = "lighttpd",
     .program = "/usr/sbin/lighttpd",
     .args = {"-D", "-f", "@/config"},
     .config = "server.document-root = \"@\"\nserver.port = 5003\nserver.bind = \"0.0.0.0\"\n"
               "$SERVER[\"socket\"] == \"[::]:5003\" { }\n",
     .says = {GET("small"), GET("big")}},
    {.name = "Apache",
     .program = "/usr/sbin/apache2",
     .args = {"-D", "FOREGROUND", "-f", "@/config"},
     .config = "ServerRoot @\nServerName lab\nPidFile @/pid\nErrorLog @/error\n"
               "DefaultRuntimeDir @\nListen 5003\nDocumentRoot @\n"
               "LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so\n"
               "LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so\n"
               "StartServers 1\n<Directory @>\nRequire all granted\n</Directory>\n",
     .says = {GET("small"), GET("big")}},
    {.name = "haproxy",
     .program = "/usr/sbin/haproxy",
     .args = {"-db", "-f", "@/config"},
     .config = "global\n tune.bufsize 131072\n"
               "defaults\n mode http\n timeout client 9s\n timeout server 9s\n"
               " timeout connect 9s\nfrontend lab\n bind 0.0.0.0:5003\n bind :::5003 v6only\n"
               " http-request return status 200 content-type text/plain file @/big if "
               "{ path /big }\n"
               " http-request return status 200 content-type text/plain file @/small\n",
     .says = {GET("small"), GET("big")}},
    {.name = "sshd",
     .program = "/usr/sbin/sshd",
     .args = {"-D", "-e", "-f", "@/config"},
     .prepare = "ssh-keygen -q -t ed25519 -N '' -f @/key",
     .config = "Port 5003\nHostKey @/key\nPidFile none\nUsePAM no\nLoginGraceTime 1\n",
     .says = {"SSH-2.0-lab\r\n", "hello\r\n"}},
    {.name = "redis",
     .program = "/usr/bin/redis-server",
     .args = {"--port", "5003", "--bind", "0.0.0.0", "::", "--protected-mode", "no", "--save", "",
              "--dir", "@"},
     .says = {"PING\r\nQUIT\r\n", NULL}},
};

/* --- A server --- */

/* With `folder` in the place of each @. The caller frees. */
static char *placed(const char *text, const char *folder)
{
    struct text t = {0};
    for (; *text != '\0'; text++)
        text_printf(&t, *text == '@' ? "%s" : "%.1s", *text == '@' ? folder : text);
    text_printf(&t, "%s", "");
    return t.data;
}

static bool write_file(const char *folder, const char *name, const char *data, size_t n)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "we");
    bool written = f != NULL && fwrite(data, 1, n, f) == n;
    return f != NULL && fclose(f) == 0 && written;
}

static bool furnish(const struct server *s, const char *folder)
{
    static char big[BIG];
    memset(big, 'x', sizeof(big));
    bool ok = write_file(folder, "small", "x", 1) && write_file(folder, "big", big, BIG);
    char *config = s->config != NULL ? placed(s->config, folder) : NULL;
    char *prepare = s->prepare != NULL ? placed(s->prepare, folder) : NULL;
    ok = ok && (config == NULL || write_file(folder, "config", config, strlen(config)));
    ok = ok && (prepare == NULL || system(prepare) == 0);
    free(config);
    free(prepare);
    return ok;
}

/* On the peer's side, in a process group of its own. Where we are root of a user namespace it is an
 * ordinary user of one within. */
static pid_t launch(const struct server *s, const char *folder)
{
    const char *argv[ARGS_MAX + 6] = {"unshare", "--map-user=1000", "--map-group=1000", s->program};
    pid_t starter = getpid(), pid = fork();
    if (pid != 0)
        return pid;
    char output[256];
    int side = peer_side_open(starter);
    (void)snprintf(output, sizeof(output), "%s/output", folder);
    for (size_t i = 0; i < ARGS_MAX && s->args[i] != NULL; i++)
        argv[4 + i] = placed(s->args[i], folder);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (setpgid(0, 0) == 0 && side >= 0 && namespace_enter(side, NULL) == STATUS_OK &&
        freopen(output, "we", stdout) != NULL && dup2(STDOUT_FILENO, STDERR_FILENO) >= 0)
        (void)execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

static bool listens(struct lab *lab, pid_t pid)
{
    const struct timespec pause = {.tv_nsec = 10 * CLOCK_MS};
    const struct endpoint nobody = {.ip = lab_at(lab, END_A)->ip, .port = 1};
    for (int ms = 0; ms < STARTS_WITHIN_MS; ms += 10) {
        enum state state;
        struct fault ignored;
        if (lab_truth(lab, END_B, &nobody, &state, &ignored) == STATUS_OK && state == STATE_LISTEN)
            return true;
        if (waitpid(pid, NULL, WNOHANG) == pid)
            return false;
        (void)nanosleep(&pause, NULL);
    }
    return false;
}

/* --- What the record has of it --- */

/* By the segments alone, in the order in which they crossed the wire. */
struct seen {
    struct sink sink;
    uint32_t sessions, contradictions;
    bool own_fin, peer_fin, own_rst, peer_rst;
    seq_t own_fin_end, own_fin_ack, peer_fin_end, peer_fin_ack;
    const char *by; /* whose FIN or reset was the first */
    char wrong[TEXT_MAX];
};

static void complain(struct seen *s, const char *what, const char *of)
{
    size_t n = strlen(s->wrong);
    if (strstr(s->wrong, of) != NULL)
        return;
    (void)snprintf(s->wrong + n, sizeof(s->wrong) - n, "# run %u: %s: %s\n", s->sessions, what, of);
}

static void see(struct seen *s, const struct segment *seg, bool ours)
{
    bool over = s->own_fin && s->peer_fin; /* what follows asks whether the peer knows it still */
    if (s->own_rst || s->peer_rst || over)
        return;
    if (seg->flags & (FLAG_FIN | FLAG_RST) && s->by == NULL)
        s->by = ours ? "us" : "peer";
    *(ours ? &s->own_rst : &s->peer_rst) |= (seg->flags & FLAG_RST) != 0;
    if (!(seg->flags & FLAG_FIN))
        return;
    *(ours ? &s->own_fin_end : &s->peer_fin_end) = segment_end(seg);
    *(ours ? &s->own_fin_ack : &s->peer_fin_ack) = seg->ack;
    *(ours ? &s->own_fin : &s->peer_fin) = true;
}

/* Neither FIN acknowledges the other: each left before the other came. */
static bool crossed(const struct seen *s)
{
    return s->own_fin && s->peer_fin && seq_lt(s->own_fin_ack, s->peer_fin_end) &&
           seq_lt(s->peer_fin_ack, s->own_fin_end);
}

/* A FIN of the peer's that crosses our reset never reaches our end. */
static bool was_taken(const struct result *r)
{
    const char *path = r->json.data != NULL ? strstr(r->json.data, "\"own_path\"") : NULL;
    const char *end = path != NULL ? strchr(path, ']') : NULL, *at;
    return end != NULL && (at = strstr(path, "\"CLOSE-WAIT\"")) != NULL && at < end;
}

static bool says(const struct result *r, const char *key, const char *value)
{
    char pair[64];
    (void)snprintf(pair, sizeof(pair), "\"%s\":\"%s\"", key, value);
    return r->json.data != NULL && strstr(r->json.data, pair) != NULL;
}

static void hold_against(struct seen *s, const struct result *r)
{
    if (s->own_rst && !s->own_fin && s->peer_fin && !was_taken(r)) {
        s->peer_fin = false;
        s->by = "us";
    }
    bool reset = s->own_rst || s->peer_rst, closed = s->own_fin || s->peer_fin;
    const char *kind = reset ? closed ? "half" : "rst" : s->own_fin && s->peer_fin ? "fin" : "none";
    const char *by = crossed(s) && !reset ? "both" : s->by != NULL ? s->by : "us";
    s->sessions++;
    if (!says(r, "outcome", "open") || !says(r, "kind", kind) || !says(r, "by", by)) {
        char should[64];
        (void)snprintf(should, sizeof(should), "closed by %s, kind %s, is told as", by, kind);
        complain(s, should, r->json.data != NULL ? r->json.data : "nothing");
    }
    s->own_fin = s->peer_fin = s->own_rst = s->peer_rst = false;
    s->by = NULL;
}

static enum status look(struct sink *sink, const struct event *e, struct fault *fault)
{
    struct seen *s = (struct seen *)sink;
    (void)fault;
    if (e->kind == EVENT_SENT || e->kind == EVENT_RECEIVED)
        see(s, &e->segment.seg, e->kind == EVENT_SENT);
    else if (e->kind == EVENT_FAULT)
        complain(s, "a fault", e->fault.text);
    else if (e->kind == EVENT_VERDICT)
        hold_against(s, e->result);
    return STATUS_OK;
}

static void leave(struct sink *sink)
{
    (void)sink;
}

/* --- One way to talk to it --- */

struct talk_to {
    struct lab *lab;
    const char *say;
    enum open_close close;
    size_t runs;
};

static bool converse(const struct talk_to *t, struct seen *seen, struct fault *fault)
{
    static struct open opens[RUNS_MOST];
    static void *states[RUNS_MOST];
    static const struct run_info info = {
        .command = "open", .target = "", .interface = "", .clock = "", .version = "", .argv = ""};
    static const struct sink_ops ops = {
        .name = "seen", .streams = true, .event = look, .free = leave};
    const struct path_config path_config = {
        .remote = *lab_at(t->lab, END_B), .ports = t->runs, .key = hash_key_of_seed(1)};
    const struct live_run_config live = {.within_ns = CLOCK_NEVER};
    struct truth_check witness;
    struct timeline timeline;
    struct sessions run = {0};
    struct path path;
    for (size_t i = 0; i < t->runs; i++) {
        opens[i].close = t->close;
        opens[i].payload = (const uint8_t *)t->say;
        opens[i].payload_len = strlen(t->say);
        opens[i].reply_wait_ns = 3 * CLOCK_S;
        states[i] = &opens[i];
    }
    truth_check_init(&witness, t->lab, false);
    const struct talks_observer observer = truth_check_observer(&witness);
    const struct lab_upper peer = {t->lab, END_B};
    const struct upper upper = lab_upper_ops(&peer);
    seen->sink.ops = &ops;
    timeline_init(&timeline);
    enum status s = timeline_add_sink(&timeline, &seen->sink, fault);
    if (s == STATUS_OK)
        s = timeline_open(&timeline, &info, fault);
    if (s == STATUS_OK)
        s = path_open(&path, &path_config, fault);
    const struct sessions_config config = {
        .script = open_measure.script,
        .base = {.remote = path_config.remote,
                 .upper = {NULL, &upper},
                 .like = syn_like_at(0),
                 .mss = 1400,
                 .win = syn_like_at(0)->win,
                 .ttl = syn_like_at(0)->ttl,
                 .timestamps = true,
                 .tries = 3},
        .locals = path.locals,
        .sessions = t->runs,
        .states = states,
        .key = path_config.key,
        .deadline_after_ns = 10 * CLOCK_S,
        .observer = &observer,
    };
    if (s == STATUS_OK)
        s = sessions_init(&run, &config, &timeline, fault);
    if (s == STATUS_OK)
        s = live_run(&path, &live, &run.talks, fault);
    return s == STATUS_OK;
}

/* In a process of its own, since the privileges are gone afterwards. */
static bool talks_right(const struct server *s, const struct talk_to *t, bool v6)
{
    static const char *const closes[] = {"fin", "rst", "wait"};
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct seen seen = {.sessions = 0};
        struct fault fault = {{0}};
        (void)alarm(LIMIT_S);
        bool ran = converse(t, &seen, &fault);
        if (ran && seen.sessions == t->runs && seen.wrong[0] == '\0')
            _exit(0);
        printf("# %s over IPv%d, --close %s, %.12s\n%s# %s\n", s->name, v6 ? 6 : 4,
               closes[t->close], t->say, seen.wrong, fault.text);
        (void)fflush(stdout);
        _exit(1);
    }
    int status = -1;
    return waitpid(pid, &status, 0) == pid && status == 0;
}

static size_t wanted_runs(void)
{
    const char *given = getenv("SERVERS_RUNS");
    uint64_t n = RUNS;
    if (given != NULL)
        (void)text_to_number(given, 1, RUNS_MOST, &n);
    return (size_t)n;
}

enum {
    RIGHT,
    WRONG,
    NOT_STARTED
};

static int talk_to_it(const struct server *s, struct lab *lab, bool v6)
{
    int verdict = RIGHT;
    for (size_t i = 0; i < 2 && s->says[i] != NULL; i++) {
        for (int c = OPEN_CLOSE_FIN; c <= OPEN_CLOSE_WAIT; c++) {
            const struct talk_to t = {lab, s->says[i], (enum open_close)c, wanted_runs()};
            if (!talks_right(s, &t, v6))
                verdict = WRONG;
        }
    }
    return verdict;
}

/* In a child, since opening a lab moves a process for good. */
__attribute__((noreturn)) static void serve_and_talk(const struct server *s, const char *folder,
                                                     bool v6)
{
    struct fault fault = {{0}};
    struct lab *lab = lab_open(&(struct lab_options){.app = "closed", .v6 = v6}, &fault);
    if (lab == NULL || !furnish(s, folder)) {
        printf("# %s\n", fault.text);
        _exit(WRONG);
    }
    pid_t pid = launch(s, folder);
    int verdict = listens(lab, pid) ? talk_to_it(s, lab, v6) : NOT_STARTED;
    (void)kill(-pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    (void)fflush(stdout);
    lab_close(lab);
    _exit(verdict);
}

static int try_server(const struct server *s, bool v6)
{
    char folder[] = "/tmp/tcpshake-servers-XXXXXX", remove[64];
    int status = -1;
    if (mkdtemp(folder) == NULL || chmod(folder, 0777) != 0)
        fail_msg("%s: %s", folder, strerror(errno));
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        serve_and_talk(s, folder, v6);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_STARTED) {
        (void)snprintf(remove, sizeof(remove), "sed 's/^/# /' %s/output", folder);
        (void)!system(remove);
    }
    (void)snprintf(remove, sizeof(remove), "rm -rf %s", folder);
    (void)!system(remove);
    return WIFEXITED(status) ? WEXITSTATUS(status) : WRONG;
}

static void with_server(void **state)
{
    const struct server *s = *state;
    if (access(s->program, X_OK) != 0) {
        print_message("# %s is not installed\n", s->name);
        skip();
    }
    for (int v6 = 0; v6 < 2; v6++) {
        int verdict = try_server(s, v6 != 0);
        if (verdict == NOT_STARTED) {
            print_message("# %s does not start here\n", s->name);
            skip();
        }
        assert_int_equal(verdict, RIGHT);
    }
}

__attribute__((constructor)) static void stand(void)
{
    for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++)
        unit_add(__LINE__, with_server, (void *)(uintptr_t)&servers[i], "%s", servers[i].name);
}
