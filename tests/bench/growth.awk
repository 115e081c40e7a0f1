# The table and the JSON of growth.sh, from its log:
#
#   SERIES VALUE MS MFLOP GRADC-S BUILD-S PROGRAM-BYTES START-S PLAN-BYTES PEAK-KB START-KB
#
# What a program has when it starts is no part of the plan.

NR == 1 {
    printf "%s, %d threads; times are of the processors\n", machine, threads
    printf "%-8s %-9s %9s %9s %8s %8s %8s %8s %10s %10s %6s\n", "", "", "ms", "MFLOP", "gradc s",
        "cc s", "KB", "start ms", "plan KB", "peak KB", "ratio"
    if (json != "")
        printf "{\n  \"machine\": \"%s\", \"threads\": %d,\n  \"rows\": [", machine, threads >json
}
{
    plan = $9 / 1024
    cc = $6 - $5
    trained = $10 - $11
    printf "%-8s %-9s %9.4g %9.4g %8.2f %8.2f %8.0f %8.1f %10.0f %10.0f %6s\n", $1, $2, $3, $4,
        $5, cc, $7 / 1024, 1000 * $8, plan, trained,
        plan < 1024 ? "-" : sprintf("%.2f", trained / plan) # of less, pages are not told apart
    slow += $5 > 1 || cc > 20
    if (json != "") {
        printf "%s\n    {\"series\": \"%s\", \"value\": \"%s\", \"processor_ms\": %.4g, ",
            NR == 1 ? "" : ",", $1, $2, $3 >json
        printf "\"mflop\": %.6g, \"gradc_s\": %.3f, \"cc_s\": %.3f, \"program_bytes\": %d, ", $4,
            $5, cc, $7 >json
        printf "\"start_s\": %.4f, \"plan_bytes\": %d, \"peak_bytes\": %d}", $8, $9,
            1024 * trained >json
    }
}
END {
    if (json != "")
        printf "\n  ]\n}\n" >json
    if (slow)
        printf "%d took gradc more than 1 s or the C compiler more than 20 s\n", slow
}
