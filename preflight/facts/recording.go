package facts

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"sigs.k8s.io/yaml"
)

// Schema names the format of recordings. A reader refuses any other.
const Schema = "gke-preflight/snapshot/v1"

type header struct {
	Schema string `json:"schema"`
	Meta
}

// Load reads a recording. Fact F is the file F.json or F.yaml, or F.absent,
// which holds an [Absence]; meta.json or meta.yaml describes the whole. Files of
// other names are ignored.
func Load(fsys fs.FS) (*Snapshot, error) {
	name, b, err := readEither(fsys, "meta")
	if err != nil {
		return nil, fmt.Errorf("not a recording: it has no meta.json: %w", err)
	}
	var schema struct {
		Schema string `json:"schema"`
	}
	if err := yaml.Unmarshal(b, &schema); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if schema.Schema != Schema {
		return nil, fmt.Errorf("%s: schema is %q, this version reads %q: use the version of gke-preflight that recorded it, or a newer one", name, schema.Schema, Schema)
	}
	var h header
	if err := yaml.UnmarshalStrict(b, &h); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s := New(h.Meta)
	for _, f := range All() {
		if err := s.load(fsys, f); err != nil {
			return nil, err
		}
	}
	if err := s.ofOneCluster(fsys, name); err != nil {
		return nil, err
	}
	return s, nil
}

// ofOneCluster refuses a recording that was put together from those of two clusters: the
// verdict would be on neither. meta is the name of the file that describes the whole.
func (s *Snapshot) ofOneCluster(fsys fs.FS, meta string) error {
	told, ok := GKECluster.Get(s)
	said := s.Meta.Cluster
	differ := func(a, b string) bool { return a != "" && b != "" && a != b }
	if !ok || said.Location == "" || !differ(told.Name, said.Name) && !differ(told.Location, said.Location) {
		return nil
	}
	name, _, err := readEither(fsys, GKECluster.ID())
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return fmt.Errorf("%s is of cluster %s in %s, and %s of %s in %s: both have to be of one cluster; record it again", name, told.Name, told.Location, meta, said.Name, said.Location)
}

func (s *Snapshot) load(fsys fs.FS, f Fact) error {
	if v, ok := inPieces(fsys, f); ok {
		return s.read(f.ID()+".json", f, v)
	}
	name, b, err := readEither(fsys, f.ID())
	switch {
	case err == nil:
		v, err := f.decode(b)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return s.read(name, f, v)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: %w", name, err)
	}
	name = f.ID() + ".absent"
	b, err = fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		if f.isLater() {
			s.hold(Absent(f, EarlierVersion, "the recording is of a version that did not look for it"))
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	var a Absence
	if err := yaml.UnmarshalStrict(b, &a); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	switch {
	case !a.Reason.known():
		return fmt.Errorf("%s: %q is no reason for which a fact is absent", name, a.Reason)
	case !a.Reason.mayBeGivenFor(f):
		return fmt.Errorf("%s: nothing leaves %s out, and what it would show decides the verdict: record the cluster again", name, f.ID())
	}
	s.absent[f.ID()] = a
	return nil
}

// read holds what a file says of f. It is an error if it says what nobody knows.
func (s *Snapshot) read(file string, f Fact, v any) error {
	if err := answered(v); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	s.hold(Observation{Fact: f, Value: v}.believed())
	return nil
}

// LoadZip reads a recording that [Snapshot.WriteZip] wrote.
func LoadZip(b []byte) (*Snapshot, error) {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, fmt.Errorf("not a recording, or cut short: %w", err)
	}
	seen := map[string]bool{}
	for _, f := range z.File {
		if seen[f.Name] {
			return nil, fmt.Errorf("%s is in it twice, and only one of the two can be right: record the cluster again", f.Name)
		}
		seen[f.Name] = true
	}
	return Load(z)
}

// WriteZip writes s as a zip archive. Equal snapshots give equal bytes.
func (s *Snapshot) WriteZip(w io.Writer) error {
	z := zip.NewWriter(w)
	err := s.each(func(name string, write writing) error {
		f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
		if err != nil {
			return err
		}
		return write(f)
	})
	if err != nil {
		return err
	}
	return z.Close()
}

// Files calls yield with every file of the recording of s, in order.
func (s *Snapshot) Files(yield func(name string, content []byte) error) error {
	return s.each(func(name string, write writing) error {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			return err
		}
		return yield(name, b.Bytes())
	})
}

// A writing writes the content of one file.
type writing func(io.Writer) error

// each calls yield with every file, whose content exists nowhere as a whole.
func (s *Snapshot) each(yield func(name string, write writing) error) error {
	meta := func(w io.Writer) error { return indented(w, header{Schema, s.Meta}) }
	if err := yield("meta.json", meta); err != nil {
		return err
	}
	for _, f := range All() {
		name, write := s.file(f)
		if err := yield(name, write); err != nil {
			return fmt.Errorf("%s: %w", f.ID(), err)
		}
	}
	return nil
}

func (s *Snapshot) file(f Fact) (string, writing) {
	if v, ok := s.values[f.ID()]; ok {
		return f.ID() + ".json", func(w io.Writer) error { return indented(w, v) }
	}
	a, _ := s.Absence(f)
	return f.ID() + ".absent", func(w io.Writer) error { return json.NewEncoder(w).Encode(a) }
}

func readEither(fsys fs.FS, stem string) (name string, content []byte, err error) {
	for _, ext := range []string{".json", ".yaml"} {
		name = stem + ext
		content, err = fs.ReadFile(fsys, name)
		if !errors.Is(err, fs.ErrNotExist) {
			return name, content, err
		}
	}
	return name, nil, err
}
