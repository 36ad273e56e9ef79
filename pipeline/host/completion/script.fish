# fish completion of `pipeline`: pipeline completion fish | source
function __pipeline_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found ($words[1] __complete $words[2..] 2>/dev/null)
    if test "$found[1]" = :files
        __fish_complete_path (commandline -ct)
    else
        printf '%s\n' $found
    end
end
complete -c pipeline -f -a '(__pipeline_complete)'
