BEGIN { FS = "," }
{
    digit[NR] = $65
    sub(/,[0-9]*$/, "")
    pixels[NR] = $0
}
function another(row, same,    k) {
    do
        k = 1 + int(rand() * NR)
    while (k == row || (digit[k] == digit[row]) != same)
    return k
}
END {
    for (i = 1; i <= NR; i++)
        for (n = 0; n < 4; n++)
            print pixels[i] "," pixels[another(i, 1)] "," pixels[another(i, 0)]
}
