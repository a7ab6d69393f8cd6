// Package remedy says what to do about a finding: steps, each with the commands
// that take it, so that whoever shows them need not read them.
package remedy

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Kind is what a [Command] is, and so what a reader does with it.
type Kind string

const (
	// Shell is for a POSIX shell, as it is.
	Shell Kind = "shell"
	// Manifest is the YAML of a whole object, to be applied.
	Manifest Kind = "manifest"
	// Edit is a part of an object's YAML, to be written into what the command before
	// it has opened.
	Edit Kind = "edit"
	// Lines are of a remedy that is a text, of an earlier version: what each is, is not
	// known. No new remedy has any.
	Lines Kind = "lines"
)

// A Command is something to copy.
type Command struct {
	Kind Kind `json:"kind"`
	// Text may have several lines, the last without a newline. A shell's holds no
	// here-document, so that it may be indented, line by line.
	Text string `json:"text"`
}

// A Value is what only the reader can know, or find out: a word in capitals that
// stands for it in the commands.
type Value struct {
	// Name is that word.
	Name string `json:"name"`
	// Is says what to put there, such as "twice what it takes".
	Is string `json:"is"`
	// Command is for a shell, and shows it; empty where there is none.
	Command string `json:"command,omitempty"`
}

// A Step is one thing to do.
type Step struct {
	// Text is one sentence, imperative, lower case, without a full stop.
	Text string `json:"text"`
	// Or says that the step is to be taken instead of the one before it, not after it.
	Or bool `json:"or,omitempty"`
	// Upgrades is what the step upgrades, or takes back; empty where it is nothing.
	Upgrades Part `json:"upgrades,omitempty"`
	// Commands take the step, all of them, in their order; none where there is nothing
	// to copy.
	Commands []Command `json:"commands,omitempty"`
	// Values are what stands in the commands for what is not known here.
	Values []Value `json:"values,omitempty"`
}

// A Part is what an upgrade of a cluster has two steps for, one after the other.
type Part string

const (
	// ControlPlane is upgraded first.
	ControlPlane Part = "control-plane"
	// Nodes are upgraded after it, and by themselves too.
	Nodes Part = "nodes"
)

// Steps are what to do, one after the other, but for those that are to be taken
// instead of the one before. None where there is nothing to do.
type Steps []Step

// Do returns the first step.
func Do(text string, commands ...Command) Steps { return Steps{}.Then(text, commands...) }

// Then adds a step that comes after those before it.
func (s Steps) Then(text string, commands ...Command) Steps {
	return append(s[:len(s):len(s)], Step{Text: text, Commands: some(commands)})
}

// Or adds a step that may be taken instead of the one before it.
func (s Steps) Or(text string, commands ...Command) Steps {
	s = s.Then(text, commands...)
	s[len(s)-1].Or = true
	return s
}

// Where says what is to stand for name in the commands of the last step, and which
// command shows it, if any does.
func (s Steps) Where(name, is string, shows ...Command) Steps {
	v := Value{Name: name, Is: is}
	if len(shows) > 0 {
		v.Command = shows[0].Text
	}
	s = append(Steps{}, s...)
	last := &s[len(s)-1]
	last.Values = append(last.Values[:len(last.Values):len(last.Values)], v)
	return s
}

// Upgrading says what the last step upgrades.
func (s Steps) Upgrading(p Part) Steps {
	s = slices.Clone(s)
	s[len(s)-1].Upgrades = p
	return s
}

// Leaving returns the steps for somebody who is about to upgrade another part: those
// that upgrade p say so, and give nothing to copy.
func (s Steps) Leaving(p Part) Steps {
	left := slices.Clone(s)
	for i, step := range left {
		if step.Upgrades == p {
			left[i].Text += fmt.Sprintf("; that upgrades the %s, which is left as it is here", p.words())
			left[i].Commands, left[i].Values = nil, nil
		}
	}
	return left
}

func (p Part) words() string { return strings.ReplaceAll(string(p), "-", " ") }

// some leaves out commands that are empty.
func some(commands []Command) []Command {
	var kept []Command
	for _, c := range commands {
		if c.Text != "" {
			kept = append(kept, c)
		}
	}
	return kept
}

// Sh returns a command for a shell. Strings among args are words of it, whatever is
// in them; what is more than one word is a [Raw].
func Sh(format string, args ...any) Command {
	quoted := make([]any, len(args))
	for n, a := range args {
		if s, ok := a.(string); ok {
			a = Quote(s)
		}
		quoted[n] = a
	}
	return Command{Shell, fmt.Sprintf(format, quoted...)}
}

// Words returns a command for a shell of the given words, whatever is in them.
func Words(words ...string) Command {
	quoted := make([]string, len(words))
	for n, w := range words {
		quoted[n] = Quote(w)
	}
	return Command{Shell, strings.Join(quoted, " ")}
}

// Raw is a part of a command that is taken as it is.
type Raw string

var plain = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// Quote returns s as one word of a POSIX shell.
func Quote(s string) string {
	if plain.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// YAML returns a part of an object, to be edited in. Strings among args are scalars
// of it, whatever is in them; other YAML is a [Raw].
func YAML(format string, args ...any) Command { return Command{Edit, asYAML(format, args)} }

// Apply returns a whole object, to be applied, with args as for [YAML].
func Apply(format string, args ...any) Command {
	return Command{Manifest, strings.Trim(asYAML(format, args), "\n")}
}

func asYAML(format string, args []any) string {
	scalars := make([]any, len(args))
	for n, a := range args {
		if s, ok := a.(string); ok && (!name.MatchString(s) || slices.Contains(meant, strings.ToLower(s))) {
			a = strconv.Quote(s)
		}
		scalars[n] = a
	}
	return fmt.Sprintf(format, scalars...)
}

// name is what YAML takes for a string, but for what is meant as a boolean or null.
var (
	name  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9./-]*$`)
	meant = []string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
)

// Paste is what is to be copied: for a shell, but where c is an edit. A manifest is
// within quotes, not in a here-document, which ends nowhere once it is indented; all
// of YAML's lines may be.
func (c Command) Paste() string {
	if c.Kind != Manifest {
		return c.Text
	}
	return "printf %s '\n" + strings.ReplaceAll(c.Text, "'", `'\''`) + "\n' | kubectl apply --filename -"
}

// ForShell reports whether what [Command.Paste] returns is for a shell.
func (c Command) ForShell() bool { return c.Kind == Shell || c.Kind == Manifest }

// Earlier is the remedy of an earlier version, whose first line says what to do.
func Earlier(text string) Steps {
	first, rest, _ := strings.Cut(text, "\n")
	steps := Do(strings.TrimSuffix(first, ":"))
	if rest != "" {
		steps[0].Commands = []Command{{Lines, rest}}
	}
	return steps
}

// String is all of it as a text, whose lines to copy stand alone.
func (s Steps) String() string {
	var lines []string
	for _, step := range s {
		lines = append(lines, step.lines()...)
	}
	return strings.Join(lines, "\n")
}

// Sentence is the step's text, with a colon where what is to be copied follows.
func (s Step) Sentence() string {
	if len(s.Commands) > 0 {
		return s.Text + ":"
	}
	return s.Text
}

func (s Step) lines() []string {
	text := s.Sentence()
	if s.Or {
		text = "or " + text
	}
	lines := []string{text}
	for _, c := range s.Commands {
		if !c.ForShell() {
			lines = append(lines, "  "+strings.ReplaceAll(c.Text, "\n", "\n  "))
			continue
		}
		lines = append(lines, c.Paste())
	}
	for _, v := range s.Values {
		lines = append(lines, v.String())
		if v.Command != "" {
			lines = append(lines, v.Command)
		}
	}
	return lines
}

// String says what to put in the value's place, with a colon where a command follows
// that shows it.
func (v Value) String() string {
	s := v.Name + " stands for " + v.Is
	if v.Command != "" {
		s += ":"
	}
	return s
}
