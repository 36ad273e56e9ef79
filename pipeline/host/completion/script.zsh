#compdef pipeline
# zsh completion of `pipeline`: source <(pipeline completion zsh), after compinit
_pipeline() {
    local -a found
    local line
    while IFS= read -r line; do
        [[ $line == :files ]] && { _files; return; }
        line=${line//:/\\:}
        found+=("${line/$'\t'/:}")
    done < <("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)
    _describe pipeline found
}
compdef _pipeline pipeline
