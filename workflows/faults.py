"""What each fault of a definition, a file, a text or the record means, in Chinese: one phrase a code."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FAULTS: Mapping[str, str] = {
    "missing": "缺少此项",
    "unknown_key": "多余的项",
    "not_a_table": "应为一个表",
    "list_needed": "应为一个列表",
    "wrong_kind": "这一项的类型不对",
    "not_kept": '须是 keep = "replace" 的项',
    "file_or_url": "应写 file 或 url 其中一项",
    "scheme": "不是可用的地址，只能是 wecombot、dingtalk、feishu、lark、json(s)、form(s)、xml(s)、mailto(s)，或 env:变量名",
    "unknown_target": "没有这样的去处",
    "bad_choice": "只能是",
    "text_needed": "应为文字",
    "number_needed": "应为不小于 0 的整数",
    "flag_needed": "应为 true 或 false",
    "names_needed": "应为名称或名称的列表",
    "not_among": "不在允许的值之中",
    "bad_limit": "看不懂的时限",
    "bad_offset": "看不懂的督办时点",
    "at_or_on": "at 与 on 须且只须写一个",
    "new_or_from": "new 与 from 须且只须写一个",
    "unreadable": "不是有效的 TOML",
    "fixed_verb": "与固定命令重名",
    "unknown_state": "没有这个状态",
    "unknown_verb": "没有这个办理动作",
    "unknown_field": "没有这个字段",
    "unknown_clock": "没有这个计时",
    "unknown_ladder": "没有这个督办阶梯",
    "unknown_role": "没有这个角色",
    "unknown_guard": "没有这个条件",
    "unknown_request": "没有这种申请",
    "unknown_paper": "本阶梯没有这种文书",
    "bad_trigger": "on 应写为 verb:动作 或 paper:文书",
    "level_twice": "督办层级重复",
    "rungs_out_of_order": "同一阶梯中，层级越高，督办时点须越晚",
    "one_main_clock": "须有且只有一个主计时（main = true）",
    "option_kind": "同名字段在两个流程中类型不同",
    "unknown_choice": "该字段没有这个选项",
    "unknown_source": "没有这个问题来源",
    "unknown_track": "没有这个问题清单",
    "unreachable_state": "这个状态无法到达",
    "dead_end": "到了这个状态就无法办结，经过",
    "no_clock": "在这个状态等待时没有计时，经过",
    "endless_loop": "可以无限循环而不受总时限约束",
    "title_twice": "两个动作用了同一名称",
    "title_differs": "同一动作有两个名称",
    "step_impossible": "这一步在此状态下办不了",
    "step_lacks_field": "这一步的必填内容无处填写",
    "rung_reaches_nobody": "这一督办层级无人可送（主办单位，状态）",
    "four_eyes_broken": "只能由同一人经办又审批（主办单位：人员）",
    "twice": "重复",
    "unknown_unit": "没有这个单位",
    "unknown_officer": "没有这个人员",
    "unknown_body": "没有这个集体",
    "bad_days": "起止日期有误",
    "id_taken": "与人员的工号相同",
    "auditor_leads": "审计（纪检）人员只能查看，不能任负责人，也不能代人办理",
    "delegates_to_self": "委托人与代理人是同一人",
    "name_shared": "有多人同名，请写工号",
    "column_missing": "缺少这一列",
    # the record and what is kept beside it
    "entry_gap": "记录号不连续",
    "chain_broken": "与上一条记录不衔接",
    "entry_changed": "内容与其散列值不符",
    "entry_unreadable": "不能据以重算",
    "item_unknown": "涉及没有登记过的事项",
    "item_unreadable": "不能重算",
    "policy_changed": "内容与其散列值不符",
    "policy_lost": "办理所依据的版本已不在库中",
    "policy_not_current": "现用版本与办理记录不符",
    "row_without_entry": "没有办理记录",
    "row_missing": "有办理记录，台账中没有",
    "row_differs": "与办理记录重算的结果不符",
    "next_missing": "正在计时，却没有下一督办时点",
    "rung_without_entry": "没有办理记录",
    "rung_missing": "有办理记录，督办层级表中没有",
    "rung_differs": "与办理记录不符",
    "notice_without_entry": "没有办理记录",
    "notice_missing": "有办理记录，通知表中没有",
    "notice_differs": "与办理记录不符",
    "reporter_differs": "与登记时的承诺值不符",
    "reporter_missing": "登记时有反映人，现已不在库中，也没有清除的记录",
    "policy_without_entry": "没有启用它的办理记录",
    "schema_differs": "库结构与本程序的不同：表、索引或保护规则被改动",
    "file_damaged": "数据库文件受损",
    "copy_differs": "与来源不一致",
    "sealed_otherwise": "此条以前的记录与上一份存证不符",
    "sealed_and_gone": "上一份存证覆盖到此条，现已没有",
    "seal_changed": "内容与签名不符",
    "reporter_kept": "已记录清除，姓名、联系方式却仍在库中",
    "private_elsewhere": "只有 reporter、contact 两个字段保密（private = true），也必须保密",
    "private_late": "反映人、联系方式只能在登记时填写",
}
"""What each fault of a definition, of an organisation, or of what is kept beside the record means."""

PLACES: Mapping[str, str] = {
    "entry": "第 {} 号办理记录",
    "item": "第 {} 号事项",
    "rung": "督办层级 {}",
    "notice": "第 {} 号通知",
    "policy": "依据 {}",
    "setting": "设置 {}",
    "reporter": "第 {} 号事项的反映人",
    "seal": "第 {} 号存证",
    "database": "数据库 {}",
}
"""Where a fault of the record lies, by the first word of its place."""

KINDS: Mapping[str, str] = {
    "date": "应为日期，如 2023-08-31",
    "choice": "只能是",
    "flag": "应为是或否",
    "int": "应为整数",
    "ints": "应为整数",
    "item": "应为事项编号",
    "percent": "应为 0 到 100 的整数",
}

FILE_FAULTS: Mapping[str, str] = {
    "kind": "只接受 .xlsx、.xls、.ods、.csv，不接受带宏或二进制格式",
    "missing": "文件不存在",
    "unreadable": "不是普通文件或没有读取权限",
    "empty": "其中没有内容",
    "too_big": "文件过大（上限 64 MB，展开后 512 MB），或内容异常庞大",
    "too_many_rows": "超过 150000 行",
    "too_many_columns": "超过 100 列",
    "password": "文件有密码或另有格式，请另存为不加密的 .xlsx",
    "damaged": "文件已损坏",
    "encoding": "文字编码无法识别，请另存为 UTF-8",
    "no_sheet": "没有这个工作表",
}

ATTACHMENT_FAULTS: Mapping[str, str] = {
    "missing": "没有这个文件",
    "not_a_file": "不是普通文件",
    "unreadable": "没有读取权限",
    "too_large": "超过 200 MB",
    "name": "文件名不能接受",
    "digest": "内容校验值有误",
}

CALENDAR_FAULTS: Mapping[str, str] = {
    "off_and_work": "{name}同一天既放假又上班",
    "no_such_date": "没有这个日期",
    "not_of_this_year": "{name}不是本年的日子",
    "not_a_year": "年份有误",
    "not_a_text": "应为文字",
    "not_a_table": "应为一个表",
    "not_a_time": "时刻有误，应写作 08:30，最晚 24:00",
    "not_a_session": "上班时段有误",
    "hours_missing": "缺少上班时间",
    "hours_out_of_order": "上班时段次序有误，须从早到晚排列",
    "sessions_overlap": "与前一上班时段重叠",
    "session_backwards": "下班早于上班",
    "session_empty": "上下班为同一时刻",
    "periods_out_of_order": "起用日期须一个晚于一个",
    "wrong_zone": "时区只能是 Asia/Shanghai",
    "not_a_list": "应为一个列表",
    "another_calendar": "是另一个工作日历，这里只用 cn",
    "nothing_given": "文件里没有年份、当地安排或上班时间",
    "year_lost": "现有的这一年不在新文件中",
    "local_lost": "新文件中缺少现有的当地安排（{notice}）",
    "statutory_missing": "这一天是法定节假日，却没有放假",
    "overruled": "这一天已由 {notice} 另行安排，并以其为准；确须再改的，请作为当地安排（local）载入，并一并列明该通知",
    "contradicts": "与 {notice} 的安排不一致；确为更改的，请在 notice 中先列原通知，再列新通知，以空格分开",
    "makeup_on_weekday": "调休上班日应为周末，{name}这一天本来就上班",
    "named_twice": "重复出现{name}",
    "not_json": "不是有效的 JSON",
    "feast_missing": "没有{name}的放假安排，内容不全",
    "no_title": "既不是 JSON，也没有“关于……年部分节假日安排的通知”这样的标题，不知道是哪一年",
    "no_items": "没有“一、元旦：……”这样的分项安排",
    "item_missing": "序号不连续，前面可能缺少一项",
    "no_feast": "没有写明是哪个节日",
    "sentence_unread": "这一句看不懂",
    "total_differs": "所列放假日期合计 {name} 天，与“共……天”不符",
    "range_backwards": "起止日期有误",
    "year_unsaid": "没有写明是哪一年的12月",
    "weekday_differs": "星期不符，实为 {name}",
    "nothing_to_change": "日历中还没有这一年的安排，无从调整",
    "notice_missing": "缺少依据的通知",
    "days_missing": "没有放假的日子",
    "missing": "缺少此项",
    "unknown_key": "多余的项",
}

TEXT_FAULTS: Mapping[str, str] = {
    "control": "含有控制字符",
    "bidi": "含有改变书写方向的字符",
    "surrogate": "含有不完整的字符",
    "invisible": "含有不可见字符",
    "too_long": "超过长度上限",
}


def fault_line(place: str, code: str, detail: str = "") -> str:
    """Return one fault of a definition or an organisation as a line."""
    return f"  {place or '（全文）'}：{FAULTS.get(code, code)}{'：' + detail if detail else ''}"


TEMPLATE_FAULTS: Mapping[str, str] = {
    "missing": "没有这个文件",
    "unreadable": "读不了这个文件",
    "damaged": "不是完好的 Word 文件（.docx）",
    "too_large": "文件过大",
    "syntax": "字段写法有误，应写作 {{{{ 字段 }}}}",
    "unknown_field": "没有“{name}”这个字段；可用：{fields}",
    "field_missing": "缺少必用的字段 {fields}，否则草稿会被当作正式文书",
    "cannot_fill": "不能填写（{name}）",
}
"""What a template of a paper has wrong."""

PDF_FAULTS: Mapping[str, str] = {
    "missing": "没有找到 LibreOffice（soffice）",
    "timeout": "LibreOffice 在 {seconds} 秒内没有转完",
    "failed": "LibreOffice 转换失败（{status}）",
}
"""Why there is no PDF."""
