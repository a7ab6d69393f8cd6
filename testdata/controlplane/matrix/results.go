package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"sigs.k8s.io/yaml"
)

// A Result is what was foretold of a case and what happened.
type Result struct {
	ID string `json:"id"`
	// From and To are versions.
	From   string `json:"from"`
	To     string `json:"to"`
	Fault  string `json:"fault"`
	Policy string `json:"policy"`
	Scope  string `json:"scope"`
	// Foretold was asked from the Pod network, Outside through the service proxy.
	Foretold Foretold  `json:"foretold"`
	Outside  *Foretold `json:"outside,omitempty"`
	Happened Happened  `json:"happened"`
	// Afterwards is what became of the later lives of a replica that exited.
	Afterwards []string `json:"afterwards,omitempty"`
}

// String is one line for a person.
func (r Result) String() string {
	j := judge(r.Foretold, r.Happened)
	return fmt.Sprintf("%s: %s; foretold %s; %s", r.ID, r.Happened, r.Foretold, j)
}

// String is one line for a person.
func (f Foretold) String() string {
	s := cmp.Or(f.Problem, string(f.Outcome))
	if f.Seconds != nil {
		s += fmt.Sprintf(" after %.1f to %.1f s", f.Seconds.Min, f.Seconds.Max)
	}
	return s
}

// results are known results by ID.
type results struct{ byID map[string]Result }

func (r *results) set(x Result)       { r.byID[x.ID] = x }
func (r *results) has(id string) bool { _, ok := r.byID[id]; return ok }

// inOrder returns the results in the order of the cases. One of a case that is
// no more is left out.
func (r *results) inOrder() []Result {
	var ordered []Result
	for _, c := range All() {
		if x, ok := r.byID[c.ID]; ok {
			ordered = append(ordered, x)
		}
	}
	return ordered
}

func load(file string) (*results, error) {
	r := &results{byID: map[string]Result{}}
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Result
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for _, x := range all {
		r.set(x)
	}
	return r, nil
}

// save writes a JSON array with a line for each result.
func (r *results) save(file string) error {
	var b bytes.Buffer
	b.WriteString("[\n")
	for i, x := range r.inOrder() {
		line, err := json.Marshal(x)
		if err != nil {
			return err
		}
		if i > 0 {
			b.WriteString(",\n")
		}
		b.Write(line)
	}
	b.WriteString("\n]\n")
	return os.WriteFile(file, b.Bytes(), 0o644)
}

// loadExplanations returns why a forecast was wrong, by the case's ID.
func loadExplanations(file string) (map[string]string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	explanations := map[string]string{}
	if err := yaml.UnmarshalStrict(b, &explanations); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return explanations, nil
}
