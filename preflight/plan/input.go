package plan

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
)

const how = "make it by terraform plan -out=tfplan && terraform show -json tfplan > plan.json"

// plain returns the JSON in a file as it comes: without byte order marks, from UTF-16
// as PowerShell writes it, and without the lines that a wrapper of Terraform puts
// around it. The error names a file that is none.
func plain(b []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(b, []byte("PK\x03\x04")), bytes.HasPrefix(b, []byte("PK\x05\x06")):
		return nil, archive(b)
	case bytes.HasPrefix(b, []byte{0x1f, 0x8b}):
		return nil, errors.New("is compressed by gzip: decompress it first, by gunzip")
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}), len(b) > 1 && b[0] != 0 && b[1] == 0:
		b = fromUTF16(b, 0)
	case bytes.HasPrefix(b, []byte{0xfe, 0xff}), len(b) > 1 && b[0] == 0 && b[1] != 0:
		b = fromUTF16(b, 1)
	}
	b = unwrapped(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")))
	if len(b) == 0 {
		return nil, errors.New("is empty; " + how)
	}
	return b, nil
}

// fromUTF16 returns the text as UTF-8. low is where the low byte of each pair stands.
func fromUTF16(b []byte, low int) []byte {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = uint16(b[2*i+low]) | uint16(b[2*i+1-low])<<8
	}
	return bytes.TrimPrefix([]byte(string(utf16.Decode(units))), []byte("\xef\xbb\xbf"))
}

// unwrapped is b without the lines that GitHub's setup-terraform puts before what
// Terraform prints, which begin with [command], and without workflow commands, which
// begin with ::, before and after it.
func unwrapped(b []byte) []byte {
	b = bytes.TrimSpace(b)
	for bytes.HasPrefix(b, []byte("[command]")) || bytes.HasPrefix(b, []byte("::")) {
		_, rest, _ := bytes.Cut(b, []byte("\n"))
		b = bytes.TrimSpace(rest)
	}
	for {
		i := bytes.LastIndexByte(b, '\n')
		if i < 0 || !bytes.HasPrefix(bytes.TrimSpace(b[i:]), []byte("::")) {
			return b
		}
		b = bytes.TrimSpace(b[:i])
	}
}

// archive says what a zip archive is.
func archive(b []byte) error {
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return errors.New("begins like a saved plan itself, not JSON, and is not whole; " + how)
	}
	holds := func(name string) bool {
		return slices.ContainsFunc(r.File, func(f *zip.File) bool { return f.Name == name })
	}
	switch {
	case holds("tfplan"):
		return errors.New("is a saved plan itself, not JSON; " + how)
	case holds("meta.json"):
		return errors.New("is a recording of a cluster, not a plan: gke-preflight check --snapshot judges it, and --snapshots takes its directory beside a plan; for a plan, " + how)
	}
	return errors.New("is a zip archive without a plan in it; " + how)
}

// An other is what files have that are taken for a plan.
type other struct {
	FormatVersion string          `json:"format_version"`
	Level         string          `json:"@level"`
	Type          string          `json:"type"`
	Encrypted     json.RawMessage `json:"encrypted_data"`
	Lineage       string          `json:"lineage"`
	Schema        string          `json:"schema"`
	RunID         string          `json:"run_id"`
	Schemas       json.RawMessage `json:"provider_schemas"`
	Diagnostics   json.RawMessage `json:"diagnostics"`
}

// explained says what b is instead of a plan; err is why it could not be read.
func explained(b []byte, err error) error {
	var syntax *json.SyntaxError
	var o other
	failed := json.NewDecoder(bytes.NewReader(b)).Decode(&o)
	switch {
	case failed != nil && b[0] != '{' && b[0] != '[':
		return words(b)
	case o.Level != "" || o.Type != "":
		return errors.New("is the log of plan -json, which does not hold the plan; " + how)
	case len(o.Encrypted) > 0:
		return errors.New("is encrypted by OpenTofu: print it where the same encryption is configured, by tofu show -json tfplan > plan.json")
	case o.RunID != "":
		return fmt.Errorf("is a saved plan of HCP Terraform, which only names its run %s; %s", o.RunID, how)
	case o.Lineage != "":
		return errors.New("is a state file, not a plan; " + how)
	case strings.HasPrefix(o.Schema, "gke-preflight/"):
		return fmt.Errorf("is a report of gke-preflight (%s), not a plan; %s", o.Schema, how)
	case len(o.Schemas) > 0:
		return errors.New("holds the schemas of providers, not a plan; " + how)
	case len(o.Diagnostics) > 0:
		return errors.New("is what terraform validate -json prints, not a plan; " + how)
	case errors.Is(err, errNoPlan):
		return err
	case errors.As(err, &syntax) && failed == nil && o.FormatVersion != "":
		return fmt.Errorf("holds more than one plan, or text after it, from byte %d on: give one plan at a time", syntax.Offset)
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(b)):
		return fmt.Errorf("ends in the middle, so it is no JSON at byte %d: was it written whole? %s", syntax.Offset, how)
	case errors.As(err, &syntax):
		return fmt.Errorf("is no JSON at byte %d (%w); %s", syntax.Offset, syntax, how)
	case o.FormatVersion == "":
		return errors.New("is JSON, but no plan; " + how)
	}
	var odd *json.UnmarshalTypeError
	if errors.As(err, &odd) {
		return fmt.Errorf("can't be read as a plan: what stands at %s is of another type (%s) than in plans; %s", orNone(odd.Field), odd.Value, how)
	}
	return fmt.Errorf("can't be read as a plan: %w", err)
}

// words says what a text is that is no JSON.
func words(b []byte) error {
	head := string(b[:min(len(b), 4096)])
	for _, of := range []string{"Terraform will perform", "OpenTofu will perform", "Terraform used the selected providers", "OpenTofu used the selected providers", "No changes.", "Terraform planned"} {
		if strings.Contains(head, of) {
			return errors.New("is a plan in words, not JSON; " + how)
		}
	}
	if strings.HasPrefix(head, "<") {
		return errors.New("is a page or XML, not JSON; " + how)
	}
	line, _, _ := strings.Cut(head, "\n")
	if runes := []rune(line); len(runes) > 60 {
		line = string(runes[:60]) + "..."
	}
	return fmt.Errorf("is no JSON: it begins with %q; %s", line, how)
}
