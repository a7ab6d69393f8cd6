package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A file is one to write.
type file struct {
	name    string
	content []byte
}

// ownerOnly is the mode of recordings: they are an inventory of the cluster.
const ownerOnly fs.FileMode = 0o600

// A draft is a file's new content, which is on the disk in full before it takes the
// place of the old.
type draft struct {
	file
	// stream is what the name leads to where that is no regular file, or is open
	// already as standard output; nil otherwise. It is written to when the draft is
	// put in place.
	stream fs.FileInfo
	// path is where the name's links lead, and beside the new content next to it.
	path, beside string
}

type drafts []draft

// placeFor says why no file of that name can be written, as far as that is to be seen
// before there is anything to write: it is a directory, or there is none for it.
func placeFor(name string) error {
	switch info, err := os.Stat(name); {
	case err == nil && info.IsDir():
		return errors.New("it is a directory")
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return withoutPath(err)
	}
	path, err := follow(name)
	if err == nil {
		_, err = os.Stat(filepath.Dir(path))
	}
	return withoutPath(err)
}

// draftAll drafts files. Where one can't be written in full there is no draft and an
// error, and every file is as it was. mode is that of each; zero leaves a file its
// own, and to a new one what the umask leaves it.
func draftAll(files []file, mode fs.FileMode) (drafts, error) {
	var all drafts
	for _, f := range files {
		d, err := draftOf(f, mode)
		if err != nil {
			all.discard()
			return nil, fmt.Errorf("%s: %w", f.name, withoutPath(err))
		}
		all = append(all, d)
	}
	return all, nil
}

// commit puts the drafts in place, each at once: whoever reads a file meanwhile sees
// the old content or the new.
func (d drafts) commit() error {
	var failed []error
	for _, one := range d {
		if err := one.commit(); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", one.name, withoutPath(err)))
		}
	}
	return errors.Join(failed...)
}

// discard removes what is not in place.
func (d drafts) discard() {
	for _, one := range d {
		if one.beside != "" {
			_ = os.Remove(one.beside)
		}
	}
}

// writeFiles writes each file as a whole, or none of them; mode as in [draftAll].
func writeFiles(files []file, mode fs.FileMode) error {
	all, err := draftAll(files, mode)
	if err != nil {
		return err
	}
	return all.commit()
}

func draftOf(f file, mode fs.FileMode) (draft, error) {
	info, err := os.Stat(f.name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return draft{}, err
	case info.IsDir():
		return draft{}, errors.New("it is a directory")
	case !info.Mode().IsRegular() || isOpen(f.name, info):
		return draft{file: f, stream: info}, nil
	}
	path, err := follow(f.name)
	if err != nil {
		return draft{}, err
	}
	perm := mode
	if perm == 0 && info != nil {
		perm = info.Mode().Perm()
	}
	d := draft{file: f, path: path, beside: filepath.Join(filepath.Dir(path), ".gke-preflight-"+rand.Text())}
	if err := d.write(perm); err != nil {
		_ = os.Remove(d.beside)
		return draft{}, err
	}
	return d, nil
}

// write puts the content on the disk, where a full one says so at the latest.
func (d draft) write(perm fs.FileMode) error {
	first := perm
	if perm == 0 {
		first = 0o666
	}
	f, err := os.OpenFile(d.beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, first)
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("no file can be made beside it, where it is written before it takes its name: %w", withoutPath(err))
	}
	if err != nil {
		return err
	}
	_, err = f.Write(d.content)
	if err == nil && perm != 0 {
		err = f.Chmod(perm)
	}
	if err == nil {
		if err = f.Sync(); errors.Is(err, errors.ErrUnsupported) {
			err = nil
		}
	}
	return errors.Join(err, f.Close())
}

func (d draft) commit() error {
	if d.stream != nil {
		return writeThrough(d.name, d.stream, d.content)
	}
	if err := os.Rename(d.beside, d.path); err != nil {
		return errors.Join(err, os.Remove(d.beside))
	}
	return nil
}

// isOpen reports whether a regular file is one that this process was given open, so
// that another in its place would be lost: standard output, as /dev/stdout, or /dev/fd/3.
func isOpen(name string, info fs.FileInfo) bool {
	return openedAs(info) != nil || strings.HasPrefix(name, "/dev/fd/") || strings.HasPrefix(name, "/proc/self/fd/")
}

// openedAs is standard output or standard error where that is the file; nil otherwise.
func openedAs(info fs.FileInfo) *os.File {
	for _, std := range []*os.File{os.Stdout, os.Stderr} {
		if at, err := std.Stat(); err == nil && os.SameFile(at, info) {
			return std
		}
	}
	return nil
}

func writeThrough(name string, info fs.FileInfo, content []byte) error {
	if std := openedAs(info); std != nil {
		_, err := std.Write(content)
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

// follow is where the links of a name lead, even if nothing is there.
func follow(name string) (string, error) {
	const most = 40 // as Linux follows
	for range most {
		to, err := os.Readlink(name)
		if err != nil {
			return name, nil
		}
		if !filepath.IsAbs(to) {
			to = filepath.Dir(name) + string(filepath.Separator) + to
		}
		name = to
	}
	return "", errors.New("its links lead nowhere")
}

// withoutPath is err without the path in it, which may be one that nobody gave.
func withoutPath(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

// createRecording opens a recording that grows while it is written, in place of what
// is there.
func createRecording(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, ownerOnly)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		if err := f.Chmod(ownerOnly); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	return f, nil
}
