# The table and the JSON of run.sh, from its log:
#
#   built WORKLOAD MFLOP BYTES PROGRAM-BYTES BEGAN EMITTED BUILT
#   time  WORKLOAD ROUND  P: MEDIAN FASTEST PROCESSORS'  MS: MEDIAN FASTEST PROCESSORS'
#   peer  WORKLOAD ROUND MODE MS|none ...

$1 == "built" {
    name[++n] = $2; mflop[$2] = $3; memory[$2] = $4; size[$2] = $5
    emit[$2] = $7 - $6; compile[$2] = $8 - $7
}
$1 == "time" {
    put($2 " P", $4); put($2 " ms", $7); put($2 " fastest", $8); put($2 " used", $9)
    median_ms[$2, $3] = $7
    put($2 " of P", mflop[$2] / $7 / $4)
    put($2 " of used", mflop[$2] / ($9 / threads) / $6)
}
$1 == "peer" && $5 != "none" {
    if (!(($2, $4) in known)) {
        known[$2, $4] = 1
        modes[$2] = modes[$2] (modes[$2] ? " " : "") $4
    }
    put($2 " " $4, $5)
    put($2 " " $4 " ratio", $5 / median_ms[$2, $3])
}

function put(list, x) { item[list, ++count[list]] = x + 0 }

function median(list,  i, j, x, a, m) {
    m = count[list]
    for (i = 1; i <= m; i++) {
        x = item[list, i]
        for (j = i - 1; j > 0 && a[j] > x; j--)
            a[j + 1] = a[j]
        a[j + 1] = x
    }
    return m % 2 ? a[(m + 1) / 2] : (a[m / 2] + a[m / 2 + 1]) / 2
}

# The mode in which the peer is fastest; "" if there is none.
function best(w,  i, m, mode, it) {
    m = split(modes[w], mode, " ")
    for (i = 1; i <= m; i++)
        if (it == "" || median(w " " mode[i]) < median(w " " it))
            it = mode[i]
    return it
}

function print_row(w,  it) {
    it = best(w)
    printf "%-21s %9.4g %9.4g %9.4g %9.4g %8.4g %6.1f%% %6.1f%%", w, mflop[w],
        median(w " ms"), median(w " fastest"), median(w " used"),
        mflop[w] / median(w " ms"), 100 * median(w " of P"), 100 * median(w " of used")
    if (it == "")
        printf "\n"
    else
        printf "  %9.4g %-9s %6.2f\n", median(w " " it), it, median(w " " it " ratio")
}

function print_json(w, last,  i, m, mode) {
    printf "    {\"name\": \"%s\", \"mflop\": %.6g, \"peak_gflops\": %.4g, \"ms\": %.4g, ", w,
        mflop[w], median(w " P"), median(w " ms") >json
    printf "\"fastest_ms\": %.4g, \"processor_ms\": %.4g, ", median(w " fastest"),
        median(w " used") >json
    printf "\"of_peak\": %.4f, \"of_peak_by_processor_time\": %.4f, ", median(w " of P"),
        median(w " of used") >json
    printf "\"gradc_s\": %.3f, \"build_s\": %.3f, \"program_bytes\": %d, \"block_bytes\": %d, ",
        emit[w], compile[w], size[w], memory[w] >json
    printf "\"peers\": {" >json
    m = split(modes[w], mode, " ")
    for (i = 1; i <= m; i++)
        printf "%s\"%s\": {\"ms\": %.4g, \"ratio\": %.3f}", i == 1 ? "" : ", ", mode[i],
            median(w " " mode[i]), median(w " " mode[i] " ratio") >json
    printf "}}%s\n", last ? "" : "," >json
}

END {
    for (i = 1; i <= n; i++)
        for (k = 1; k <= count[name[i] " P"]; k++)
            put("P", item[name[i] " P", k])
    printf "%s, %d threads, P %.4g GFLOP/s, %d rounds, load %s\n", machine, threads,
        median("P"), rounds, busy
    printf "%-21s %9s %9s %9s %9s %8s %7s %7s  %9s %-9s %6s\n", "workload", "MFLOP", "ms",
        "fastest", "of cpus", "GFLOP/s", "of P", "by cpu", "peer ms", "peer", "ratio"
    for (i = 1; i <= n; i++)
        print_row(name[i])
    if (json == "")
        exit
    printf "{\n  \"machine\": \"%s\", \"threads\": %d, \"rounds\": %d, \"load\": %s,\n",
        machine, threads, rounds, busy >json
    printf "  \"peak_gflops\": %.4g,\n  \"workloads\": [\n", median("P") >json
    for (i = 1; i <= n; i++)
        print_json(name[i], i == n)
    printf "  ]\n}\n" >json
}
