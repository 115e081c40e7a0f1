/* Threads: as many as one likes, the runtime's or those of the program that the C is a part
 * of, and the same bytes. */
#include "run.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(threads, .timeout = 300);

/* A host with a pool of its own: whichever thread is free takes the next part, the last one
 * first. The caller takes one only if it is alone. */
static const char host[] =
    "#include \"m.h\"\n"
    "#include <pthread.h>\n"
    "#include <stdatomic.h>\n"
    "#include <stdio.h>\n"
    "#include <string.h>\n"
    "typedef struct Pool {\n"
    "    int threads;\n"
    "    gr_work *work;\n"
    "    void *task;\n"
    "    int parts;\n"
    "    atomic_int next; /* part to take */\n"
    "    atomic_bool over;\n"
    "    pthread_barrier_t start, end;\n"
    "} Pool;\n"
    "static void take_parts(Pool *p)\n"
    "{\n"
    "    for (int part; (part = atomic_fetch_add(&p->next, 1)) < p->parts;)\n"
    "        p->work(p->task, p->parts - 1 - part, p->parts);\n"
    "}\n"
    "static void *serve(void *pool)\n"
    "{\n"
    "    for (Pool *p = pool;;) {\n"
    "        pthread_barrier_wait(&p->start);\n"
    "        if (p->over)\n"
    "            return NULL;\n"
    "        take_parts(p);\n"
    "        pthread_barrier_wait(&p->end);\n"
    "    }\n"
    "}\n"
    "static void run(void *pool, gr_work *work, void *task, int parts)\n"
    "{\n"
    "    Pool *p = pool;\n"
    "    p->work = work;\n"
    "    p->task = task;\n"
    "    p->parts = parts;\n"
    "    p->next = 0;\n"
    "    pthread_barrier_wait(&p->start);\n"
    "    if (p->threads == 1)\n"
    "        take_parts(p);\n"
    "    pthread_barrier_wait(&p->end);\n"
    "}\n"
    "static void train(unsigned char *block, int parts, Pool *pool)\n"
    "{\n"
    "    gr_context *c = (gr_context *)block;\n"
    "    m_init(block, 7);\n"
    "    c->run = pool ? run : NULL;\n"
    "    c->pool = pool;\n"
    "    c->parts = parts;\n"
    "    for (int step = 0; step < 2; step++) {\n"
    "        for (int i = 0; i < M_BATCH * 32; i++)\n"
    "            m_text(block)[i] = (i * 7 + step) % 17, m_next(block)[i] = i % 11;\n"
    "        m_step(block, M_BATCH);\n"
    "    }\n"
    "    m_gradients(block, M_BATCH);\n"
    "    memset(block, 0, sizeof *c);\n"
    "}\n"
    "static _Alignas(64) unsigned char alone[M_SIZE], block[M_SIZE];\n"
    "static int differs(int threads)\n"
    "{\n"
    "    static Pool p;\n"
    "    pthread_t t[8];\n"
    "    p.threads = threads;\n"
    "    p.over = 0;\n"
    "    pthread_barrier_init(&p.start, NULL, (unsigned)threads);\n"
    "    pthread_barrier_init(&p.end, NULL, (unsigned)threads);\n"
    "    for (int i = 1; i < threads; i++)\n"
    "        pthread_create(&t[i], NULL, serve, &p);\n"
    "    train(block, threads, &p);\n"
    "    p.over = 1;\n"
    "    pthread_barrier_wait(&p.start);\n"
    "    for (int i = 1; i < threads; i++)\n"
    "        pthread_join(t[i], NULL);\n"
    "    return memcmp(alone, block, M_SIZE) != 0;\n"
    "}\n"
    "int main(void)\n"
    "{\n"
    "    static const int threads[] = {1, 2, 3, 4, 7};\n"
    "    train(alone, 1, NULL);\n"
    "    for (int i = 0; i < 5; i++)\n"
    "        printf(\"%d: %d\\n\", threads[i], differs(threads[i]));\n"
    "    return 0;\n"
    "}\n";

Test(threads, of_the_host)
{
    char *dir = scratch();
    must("cd %s && $GRADC emit -D layers=1 -D width=64 -D T=32 --batch 8 --prefix m -o m.c "
         "$SOURCE/examples/gpt/gpt.nn && test $(grep -c 'gr_run(block' m.c) -ge 20",
         dir);
    write_text(text("%s/main.c", dir), host);
    Run r = must("cd %s && clang $($GRADC flags --cc clang) -O1 -D_GNU_SOURCE "
                 "-Wall -Wextra -Werror main.c m.c -lm -lpthread -o main && ./main",
                 dir);
    cr_expect_str_eq(r.out, "1: 0\n2: 0\n3: 0\n4: 0\n7: 0\n");
}
