package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// replaceFile writes a file that appears only when it is complete: it is written beside its place and then
// renamed. One that is there already is replaced only if that was said. It is readable by its owner alone.
func replaceFile(name string, replace bool, write func(io.Writer) error) (err error) {
	if err := mayWrite(name, replace); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return &exitError{code: exitUsage, err: fmt.Errorf("--out: cannot write there: %w", err)}
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if err = write(f); err != nil {
		return err
	}
	if err = f.Sync(); err == nil {
		err = f.Close()
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err = mayWrite(name, replace); err != nil { // somebody may have been faster
		return err
	}
	return os.Rename(f.Name(), name)
}

// mayWrite refuses a name that is taken.
func mayWrite(name string, replace bool) error {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return &exitError{code: exitUsage, err: fmt.Errorf("--out: %w", err)}
	case !info.Mode().IsRegular():
		return &exitError{code: exitUsage, err: fmt.Errorf("--out: %s is not a file", name), try: "without --out, which writes to standard output"}
	case !replace:
		return &exitError{code: exitUnconfirmed, err: fmt.Errorf("--out: %s is there already", name), try: "another name, or --yes to replace it"}
	}
	return nil
}
