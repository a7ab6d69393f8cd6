package manifest

import (
	"bytes"
	"regexp"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// stdin is the name of standard input.
const stdin = "-"

// A Place is where a configuration, a policy or a webhook stands.
type Place struct {
	// File is as it was named, - for standard input; empty for what no manifest holds.
	File string
	// Line counts from 1; zero where it is not known.
	Line int
	// Template is the file of a chart that Helm says it made the object of; empty where
	// nothing says so.
	Template string
}

// Place is where the object stands, or the webhook of it by that name; the zero value
// for what no manifest holds. An empty webhook stands for the object.
func (a Added) Place(n Name, webhook string) Place {
	t := a.texts[n]
	if t == nil {
		return Place{}
	}
	t.read.Do(t.parse)
	return Place{File: t.file, Line: t.line(n, webhook), Template: t.template}
}

// A text is a document as it stands in a file.
type text struct {
	file    string
	content []byte
	// first is the line of the file that its first one is; zero if that is not known.
	first int
	// read is done where a place in it is asked for, once: many objects may stand in it. It
	// finds the root, nil where there is none, and the file of the chart.
	read     sync.Once
	root     *yaml.Node
	template string
}

// moved is told the line at which what t counts from begins; zero if that is not known.
func (t *text) moved(line int) {
	switch {
	case t == nil:
	case line == 0:
		t.first = 0
	default:
		t.first += line - 1
	}
}

func (t *text) line(n Name, webhook string) int {
	if t.first == 0 {
		return 0
	}
	if line := lineIn(t.root, n, "", webhook); line > 0 {
		return t.first + line - 1
	}
	return 0
}

func (t *text) parse() {
	var document yaml.Node
	if yaml.Unmarshal(t.content, &document) == nil && len(document.Content) > 0 {
		t.root = document.Content[0]
	}
	if found := source.FindSubmatch(t.content); found != nil {
		t.template = string(found[1])
	}
}

// lineIn is that of the object in the node, which is of the kind given where it has none
// of its own; zero if it is not there.
func lineIn(node *yaml.Node, n Name, kind, webhook string) int {
	if own := value(node, "kind"); own != nil {
		kind = own.Value
	}
	if items := value(node, "items"); items != nil {
		for _, item := range items.Content {
			if line := lineIn(item, n, strings.TrimSuffix(kind, "List"), webhook); line > 0 {
				return line
			}
		}
	}
	metadata := value(node, "metadata")
	if kind != n.Kind || !hasName(metadata, "name", n.Name) && !hasName(metadata, "generateName", n.Name) {
		return 0
	}
	if all := value(node, "webhooks"); all != nil && webhook != "" {
		for _, w := range all.Content {
			if hasName(w, "name", webhook) {
				return w.Line
			}
		}
	}
	return node.Line
}

func hasName(node *yaml.Node, key, name string) bool {
	v := value(node, key)
	return v != nil && v.Value == name
}

// value is that of a key of a mapping; nil where there is none.
func value(node *yaml.Node, key string) *yaml.Node {
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i+1]
		}
	}
	return nil
}

// source is the comment that Helm writes before each object.
var source = regexp.MustCompile(`(?m)^# Source: (\S+)$`)

// A cursor counts the lines of a text whose parts are found one after the other.
type cursor struct {
	rest []byte
	line int
}

// find moves behind the part, and returns the line that it begins at; zero if it is not
// found.
func (c *cursor) find(part []byte) int {
	at := bytes.Index(c.rest, bytes.TrimSuffix(part, []byte("\n")))
	if at < 0 {
		return 0
	}
	begin := c.line + bytes.Count(c.rest[:at], []byte("\n"))
	end := min(at+len(part), len(c.rest))
	c.line += bytes.Count(c.rest[:end], []byte("\n"))
	c.rest = c.rest[end:]
	return begin
}
