package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

const (
	// tidyEvery is how often memory is given back, and lettersEvery how often that of dead letters is: they
	// are read first, after which the ledger can let go of their messages too.
	tidyEvery    = 2 * time.Second
	lettersEvery = 10 * time.Second
	// lettersKept is how many dead letters, and answersKept how many results, each partition keeps for people
	// to look at.
	lettersKept, answersKept = 500, 500
	// askTimeout bounds one request to a broker in the same process.
	askTimeout = 10 * time.Second
)

// tidy deletes from the broker, which holds everything in memory, what nobody will read again.
func (s *Stage) tidy(ctx context.Context) error {
	committed, err := s.committed(ctx)
	if err != nil {
		return err
	}
	if err := s.deleteBefore(ctx, Topic, committed); err != nil {
		return err
	}
	if err := s.tidyAnswers(ctx); err != nil {
		return err
	}
	if time.Since(s.letters.readAt) < lettersEvery {
		return nil
	}
	if err := s.letters.read(ctx, s.ledger.DeadLettered); err != nil {
		return err
	}
	old := map[int]int64{}
	for partition, next := range s.letters.next {
		old[partition] = next - lettersKept
	}
	return s.deleteBefore(ctx, DeadLetterTopic, old)
}

// tidyAnswers reads the new results, which the ledger then lets go of, and deletes the old ones.
func (s *Stage) tidyAnswers(ctx context.Context) error {
	if err := s.answers.read(ctx, s.ledger.Stored); err != nil {
		return err
	}
	old := map[int]int64{}
	for partition, next := range s.answers.next {
		old[partition] = next - answersKept
	}
	return s.deleteBefore(ctx, ResultsTopic, old)
}

// committed returns the group's offset in each partition where it has one.
func (s *Stage) committed(ctx context.Context) (map[int]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	ask := make([]int, partitions)
	for i := range ask {
		ask[i] = i
	}
	res, err := s.cluster.Client().OffsetFetch(ctx, &kafkago.OffsetFetchRequest{GroupID: Group, Topics: map[string][]int{Topic: ask}})
	if err != nil {
		return nil, fmt.Errorf("read the group's offsets: %w", err)
	}
	offsets := map[int]int64{}
	for _, p := range res.Topics[Topic] {
		if p.Error != nil {
			return nil, fmt.Errorf("read the group's offsets: partition %d: %w", p.Partition, p.Error)
		}
		if p.CommittedOffset > 0 { // -1: none yet
			offsets[p.Partition] = p.CommittedOffset
		}
	}
	return offsets, nil
}

// deleteBefore deletes a topic's records before an offset of each partition.
func (s *Stage) deleteBefore(ctx context.Context, topic string, offsets map[int]int64) error {
	var problems []error
	for partition, offset := range offsets {
		if offset > 0 {
			problems = append(problems, s.cluster.DeleteRecords(ctx, topic, partition, offset))
		}
	}
	return errors.Join(problems...)
}
