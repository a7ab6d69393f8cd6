package manifest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// A document is one of a file, as JSON, or why it can't be read.
type document struct {
	number int
	value  []byte
	// repeats says which key stands twice in a mapping; nil for none. kubectl takes
	// the last one without a word.
	repeats error
	err     error
	// text is the document as it stands in the file.
	text *text
}

// split reads the documents of a file. JSON objects that follow each other without
// a separator are documents of their own, as for kubectl.
func split(file string, content []byte) ([]document, error) {
	if why := binary(file, content); why != "" {
		return nil, errors.New(why)
	}
	text, _, err := transform.Bytes(unicode.BOMOverride(transform.Nop), content)
	if err != nil {
		return nil, fmt.Errorf("can't be read as text: %w", err)
	}
	if bytes.ContainsRune(text, 0) {
		return nil, errors.New("is binary, and no manifest")
	}
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	var all []document
	at := cursor{rest: text, line: 1}
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		part, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return append(all, document{number: len(all) + 1, err: fmt.Errorf("can't be read: %w", err)}), nil
		}
		line := at.find(part)
		for _, d := range documentsOf(file, part) {
			d.number = len(all) + 1
			d.text.moved(line)
			all = append(all, d)
		}
	}
}

// binary says what a file is that is no text; empty for one that may be.
func binary(file string, content []byte) string {
	for magic, what := range map[string]string{"\x1f\x8b": "a gzip archive", "PK\x03\x04": "a zip archive", "BZh": "a bzip2 archive", "\x28\xb5\x2f\xfd": "a zstd archive"} {
		if bytes.HasPrefix(content, []byte(magic)) {
			return "is " + what + ", and no manifest: unpack it; a chart is rendered by " + Helm(archiveOf(file))
		}
	}
	return ""
}

// documentsOf are those between two separators: several only of JSON.
func documentsOf(file string, part []byte) []document {
	if bytes.HasPrefix(bytes.TrimSpace(part), []byte("{")) {
		if all, ok := stream(part); ok {
			return all
		}
	}
	var value any
	if yaml.Unmarshal(part, &value) == nil && value == nil {
		return nil
	}
	b, err := yaml.YAMLToJSON(part)
	if err != nil {
		return []document{{err: badYAML(file, part, err)}}
	}
	d := document{value: b, text: &text{content: part, first: 1}}
	if _, err := yaml.YAMLToJSONStrict(part); err != nil {
		d.repeats = yamlError(err)
	}
	return []document{d}
}

// stream reads JSON objects one after the other; false if that is not what it is.
func stream(part []byte) ([]document, bool) {
	var all []document
	for decoder := json.NewDecoder(bytes.NewReader(part)); ; {
		var value json.RawMessage
		err := decoder.Decode(&value)
		switch {
		case errors.Is(err, io.EOF):
			return all, true
		case err != nil && len(all) == 0:
			return nil, false
		case err != nil:
			return append(all, document{err: fmt.Errorf("can't be read: after %s comes what is no JSON: %w", words.Count(len(all), "object"), err)}), true
		}
		begin := int(decoder.InputOffset()) - len(value)
		all = append(all, document{value: value, text: &text{content: value, first: 1 + bytes.Count(part[:begin], []byte("\n"))}})
	}
}

// action is one of a template; variable one that envsubst fills in.
var (
	action   = regexp.MustCompile(`\{\{-?\s*[^}]*\}\}`)
	variable = regexp.MustCompile(`\$\{\w+\}`)
)

// badYAML says why a document can't be read, and what to do if it is a template.
func badYAML(file string, part []byte, err error) error {
	if h := hint(file, part); h != "" {
		return errors.New(strings.TrimPrefix(h, "; it "))
	}
	return fmt.Errorf("can't be read as YAML: %w", yamlError(err))
}

func yamlError(err error) error {
	s := strings.ReplaceAll(strings.TrimPrefix(err.Error(), "error converting YAML to JSON: "), "\n", ";")
	return errors.New(strings.TrimPrefix(strings.TrimPrefix(s, "yaml: "), "unmarshal errors:;  "))
}

// hint says that a text is a template that is not rendered, and what renders it;
// empty where it looks like none.
func hint(file string, text []byte) string {
	if found := action.Find(text); found != nil {
		return fmt.Sprintf("; it is a template that is not rendered (%.40q): render it first: %s", found, Helm(chartOf(file)))
	}
	if found := variable.Find(text); found != nil {
		return fmt.Sprintf("; it has a variable that is not filled in (%s): fill it in first, as by envsubst < FILE | gke-preflight simulate --webhook -", found)
	}
	return ""
}
