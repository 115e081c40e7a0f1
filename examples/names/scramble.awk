{
    print $1, 0
    for (rest = $1; rest != ""; rest = substr(rest, 1, i - 1) substr(rest, i + 1)) {
        i = 1 + int(rand() * length(rest))
        printf "%s", substr(rest, i, 1)
    }
    print "", 1
}
