# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Completion of amshanctl for bash, with and without the package bash-completion.
#
# The options are those of "amshanctl COMMAND --help"; a test holds them to it.

# Candidates ($2...) for what is being typed ($1), so far as bash will replace it: it takes a word
# apart at "=" and ":", and replaces what stands behind the last of them.
_amshanctl_reply() {
	local whole=$1 typed=$1 candidate

	shift
	[[ $COMP_WORDBREAKS == *=* ]] && typed=${typed##*=}
	[[ $COMP_WORDBREAKS == *:* ]] && typed=${typed##*:}
	for candidate; do
		if [[ $candidate == "$whole"* ]]; then
			COMPREPLY+=("${candidate#"${whole%"$typed"}"}")
		fi
	done
}

_amshanctl_options() {
	case $1 in
	decode) echo --json --key --auth-key --tree --tables ;;
	adapters) echo --json ;;
	list | show | status | doctor) echo --json --user --system ;;
	monitor) echo --json --user --system --no-plot ;;
	report) echo --user --system ;;
	forget) echo --user --system --counter ;;
	ports) echo --json --watch ;;
	probe) echo --json --enable --seconds --anywhere ;;
	enable) echo --baud --parity --data --stop --framing --anywhere ;;
	"") echo --json --user --system --version ;;
	esac
	echo --help
}

_amshanctl_values() {
	case $1 in
	--baud) echo 300 1200 2400 4800 9600 19200 38400 57600 115200 ;;
	--parity) echo none even odd ;;
	--data) echo 5 6 7 8 ;;
	--stop) echo 1 2 ;;
	--framing) echo hdlc p1 mbus apdu ;;
	esac
}

# A folder below /dev that is not there is no complaint.  Most of ttyS0 and on have no chip.
_amshanctl_devices() {
	local node type

	compgen -G '/dev/serial/by-id/*'
	compgen -G '/dev/ttyUSB*'
	compgen -G '/dev/ttyACM*'
	compgen -G '/dev/ttyAMA*'
	while read -r node; do
		type=
		{ read -r type <"/sys/class/tty/${node##*/}/type"; } 2>/dev/null
		[[ $type == 0 ]] || echo "$node"
	done < <(compgen -G '/dev/ttyS[0-9]*')
}

# Adapters that are enabled, by the names of their rules.
_amshanctl_rules() {
	local file

	while read -r file; do
		file=${file##*/77-amshan-}
		echo "${file%.rules}"
	done < <(compgen -G '/etc/udev/rules.d/77-amshan-*.rules')
}

# Ids of meters; amshand is asked for a moment only.  $1: the program, then --user or --system.
_amshanctl_meters() {
	timeout 1 "$@" list --json 2>/dev/null | grep -o '"id": *"[^"]*"' |
		sed -e 's/^"id": *"//' -e 's/"$//'
}

_amshanctl() {
	# What was typed, by white space: bash's own words are taken apart at "=" and ":" as well.
	local line=${COMP_LINE:0:COMP_POINT} whole command='' option='' operands=0 word
	local commands='decode list show monitor forget status ports adapters probe enable disable doctor report'
	local -a words bus=() list

	COMPREPLY=()
	whole=${line##*[[:space:]]}
	read -ra words <<<"${line%"$whole"}"
	for word in "${words[@]:1}"; do
		if [[ -n $option ]]; then
			option=''
			continue
		fi
		case $word in
		--user | --system) bus+=("$word") ;;
		--baud | --parity | --data | --stop | --seconds | --key | --auth-key | --tables) option=$word ;;
		-*) ;;
		*) if [[ -z $command ]]; then command=$word; else operands=$((operands + 1)); fi ;;
		esac
	done

	# --parity=even, --parity even
	if [[ $whole == --*=* ]]; then
		option=${whole%%=*}
		read -ra list < <(_amshanctl_values "$option")
		_amshanctl_reply "$whole" "${list[@]/#/$option=}"
		return
	fi
	if [[ -n $option && $option != --tables ]]; then
		# shellcheck disable=SC2046
		_amshanctl_reply "$whole" $(_amshanctl_values "$option")
		return
	fi

	if [[ $whole == -* && -z $option ]]; then
		# shellcheck disable=SC2046
		_amshanctl_reply "$whole" $(_amshanctl_options "$command")
		return
	fi
	if [[ -z $command && -z $option ]]; then
		# shellcheck disable=SC2086
		_amshanctl_reply "$whole" $commands
		return
	fi

	[[ $option == --tables ]] || case $command in
	show | monitor | forget)
		if [[ $command == monitor || $operands == 0 ]]; then
			mapfile -t list < <(_amshanctl_meters "$1" "${bus[@]}")
			_amshanctl_reply "$whole" "${list[@]}"
		fi
		return
		;;
	probe | enable | disable)
		[[ $operands == 0 ]] || return
		mapfile -t list < <(_amshanctl_devices; [[ $command != disable ]] || _amshanctl_rules)
		_amshanctl_reply "$whole" "${list[@]}"
		if [[ ${#COMPREPLY[@]} -gt 0 ]]; then
			return
		fi
		;;
	decode | report) [[ $operands == 0 ]] || return ;;
	*) return ;;
	esac
	# A file; bash quotes what has to be.
	mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
	compopt -o filenames 2>/dev/null
}

complete -F _amshanctl amshanctl
