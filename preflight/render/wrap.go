package render

import (
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// nbsp is a blank at which no line is broken.
const nbsp = "\u00a0"

// wrap breaks text into lines of at most width columns, between words, or
// within a word that is wider than a line. It returns at least one line.
func wrap(text string, width int) []string {
	var lines []string
	line, used := "", 0
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' }) {
		w := columnsOf(word)
		if line != "" && used+1+w <= width {
			line, used = line+" "+word, used+1+w
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for w > width {
			var head string
			head, word = split(word, width)
			lines = append(lines, head)
			w = columnsOf(word)
		}
		line, used = word, w
	}
	return append(lines, line)
}

// split cuts a word so that its head fits into width, behind a punctuation mark
// in the head's second half if there is one, else anywhere between characters.
func split(word string, width int) (head, tail string) {
	fits, nice, used := len(word), 0, 0
	for i, r := range word {
		used += displaywidth.Rune(r)
		if used > width && i > 0 {
			fits = i
			break
		}
		if strings.ContainsRune("-./:,_=", r) && 2*used >= width {
			nice = i + 1
		}
	}
	if nice > 0 {
		fits = nice
	}
	return word[:fits], word[fits:]
}

// columnsOf is the number of columns that s takes, counted by characters as
// tablewriter does.
func columnsOf(s string) int {
	n := 0
	for _, r := range s {
		n += displaywidth.Rune(r)
	}
	return n
}

// continued breaks a shell command into lines of at most width columns where it
// can, all but the last ending in a backslash. A flag stays with its value.
func continued(command string, width int) []string {
	var lines []string
	line := ""
	for _, part := range shellParts(command) {
		switch {
		case line == "":
			line = part
		case columnsOf(line+" "+part)+len(" \\") <= width:
			line += " " + part
		default:
			lines = append(lines, line+" \\")
			line = "  " + part
		}
	}
	return append(lines, line)
}

// shellParts splits a command into words, and flags with what follows them. A word
// may have quotes and backslashes in it, within which no blank ends it.
func shellParts(command string) []string {
	var quote rune
	escaped := false
	words := strings.FieldsFunc(command, func(r rune) bool {
		switch {
		case escaped:
			escaped = false
			return false
		case r == '\\' && quote != '\'':
			escaped = true
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '\'' || r == '"':
			quote = r
		}
		return quote == 0 && r == ' '
	})
	var parts []string
	flag := false
	for _, w := range words {
		if flag && !strings.HasPrefix(w, "-") {
			parts[len(parts)-1] += " " + w
		} else {
			parts = append(parts, w)
		}
		flag = strings.HasPrefix(w, "-")
	}
	return parts
}
