"""An agent that does not run, is of another version, or says that something is wrong is told."""

from backsight_agent.domain.findings import Level, exit_code, ok, problem, summary, warning
from backsight_agent.domain.judging_agent import AgentFacts, judge_agent

RUNNING = AgentFacts(running=True, version="0.1.0")


def test_a_running_agent_without_problems_is_well() -> None:
    (finding,) = judge_agent(RUNNING, "0.1.0")
    assert (finding.level, finding.text) == (Level.OK, "It is running, version 0.1.0")


def test_while_none_runs_nothing_is_recorded() -> None:
    (finding,) = judge_agent(AgentFacts(running=False), "0.1.0")
    assert finding.level is Level.PROBLEM
    assert "systemctl start" in finding.text


def test_one_that_does_not_answer_is_a_problem() -> None:
    (finding,) = judge_agent(AgentFacts(running=True, error="It does not answer"), "0.1.0")
    assert (finding.level, finding.text) == (Level.PROBLEM, "It does not answer")


def test_after_an_upgrade_it_is_to_be_restarted() -> None:
    (finding,) = judge_agent(RUNNING, "0.2.0")
    assert finding.level is Level.WARNING
    assert "restart it" in finding.text


def test_what_it_says_is_wrong_is_told_line_by_line() -> None:
    troubled = AgentFacts(running=True, version="0.1.0", problems=("The disk is full", "No broker"))
    _, *told = judge_agent(troubled, "0.1.0")
    assert [(one.level, one.text) for one in told] == [
        (Level.PROBLEM, "The disk is full"),
        (Level.PROBLEM, "No broker"),
    ]


def test_one_that_is_late_in_deleting_is_a_problem() -> None:
    late = AgentFacts(running=True, version="0.1.0", overdue_s=120.0)
    assert [one.level for one in judge_agent(late, "0.1.0")] == [Level.OK, Level.PROBLEM]


def test_only_problems_make_the_exit_code() -> None:
    assert exit_code([ok("a", ""), warning("b", "")]) == 0
    assert exit_code([ok("a", ""), problem("b", "")]) == 1


def test_the_summary_counts_what_is_wrong() -> None:
    assert summary([ok("a", "")]) == "all is well"
    assert summary([problem("a", ""), problem("b", ""), warning("c", "")]) == "2 problems, 1 warning"
