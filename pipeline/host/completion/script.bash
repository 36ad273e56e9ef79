# bash completion of `pipeline`: source <(pipeline completion bash)
_pipeline() {
    local typed=${COMP_LINE:0:COMP_POINT} candidate prefix
    local -a words
    # NB: not COMP_WORDS: bash splits those at = and :, as in --token env:NAME.
    read -ra words <<<"$typed"
    [[ $typed == *[[:space:]] ]] && words+=("")
    prefix=${words[-1]%"${words[-1]##*[=:]}"}
    COMPREPLY=()
    while IFS=$'\t' read -r candidate _; do
        if [[ $candidate == :files ]]; then
            compopt -o default
        else
            COMPREPLY+=("${candidate#"$prefix"}")
        fi
    done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
}
complete -F _pipeline pipeline
